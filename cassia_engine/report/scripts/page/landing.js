// Where the page stands once all of it is drawn. The browser looked for the place that the address names before that.

const MOVES = ["wheel", "touchstart", "pointerdown", "keydown"];

// Notes whether the reader moves on meanwhile. Gives what goes to the place that the address names, if not.
export function startLanding() {
  let moved = false;
  for (const move of MOVES) window.addEventListener(move, () => (moved = true), { once: true, passive: true });
  return () => {
    const place = location.hash.startsWith("#cluster=") ? "cluster-view" : location.hash.slice(1);
    const part = document.getElementById(place);
    if (part && !part.hidden && !moved) part.scrollIntoView();
  };
}
