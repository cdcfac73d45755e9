// Completion of cell types by the Cell Ontology: over labels and synonyms, by the start of words.

const MOST_OFFERED = 8;

// Terms as the page has them, [id, label, ...synonyms], ready to be searched.
export function termIndex(terms) {
  return terms.map(([id, label, ...synonyms]) => ({ id, label, names: [label, ...synonyms].map((text) => ({ text, words: wordsIn(text) })) }));
}

// The terms that a text may mean, nearest first: { id, label, synonym }, the synonym being "" where the label fits.
export function completions(index, typed, most = MOST_OFFERED) {
  const wanted = wordsIn(typed);
  if (!wanted.length) return [];
  const found = [];
  for (const term of index) {
    const best = bestName(term, wanted);
    if (best) found.push(best);
  }
  found.sort((one, other) => one.rank - other.rank || one.length - other.length || (one.label < other.label ? -1 : 1));
  return found.slice(0, most).map(({ id, label, synonym }) => ({ id, label, synonym }));
}

function wordsIn(text) {
  return text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
}

// Ranks: 0 the same words, 1 the name starts so, 2 each word starts one of the name's; synonyms stand behind labels.
function bestName(term, wanted) {
  let best = null;
  term.names.forEach((name, place) => {
    const fit = fitOf(name.words, wanted);
    if (fit === null) return;
    const rank = fit * 2 + (place ? 1 : 0);
    if (best && best.rank <= rank) return;
    best = { id: term.id, label: term.label, synonym: place ? name.text : "", rank, length: name.text.length };
  });
  return best ?? (fitOf(wordsIn(term.id), wanted) === 0 ? { id: term.id, label: term.label, synonym: "", rank: 0, length: 0 } : null);
}

function fitOf(words, wanted) {
  const starts = (word, place) => words[place]?.startsWith(word);
  if (wanted.every((word, place) => (place < wanted.length - 1 ? words[place] === word : starts(word, place)))) {
    return words.length === wanted.length && words.at(-1) === wanted.at(-1) ? 0 : 1;
  }
  return wanted.every((word) => words.some((one) => one.startsWith(word))) ? 2 : null;
}
