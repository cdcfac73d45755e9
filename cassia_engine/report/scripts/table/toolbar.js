// What stands above the table: search, filters, columns, export. It says what is wanted; the table does it.

import { h } from "../shared/dom.js";
import { on } from "../shared/store.js";
import { NO_FILTER, choicesOf, isFiltered, showsOf } from "./filters.js";

const LISTS = { outcome: "Any outcome", confidence: "Any confidence", lineage: "Any lineage" };

// `changed` is called with the filter, `sorted` with a column's key, `turned` when the order is to be reversed, `toggled` with
// a column and whether it is wanted.
export function tableTools(rows, lineages, columns, { changed, sorted, turned, toggled, exported }) {
  const choices = choicesOf(rows, lineages);
  const filter = { ...NO_FILTER };
  const search = searchBox((query) => set({ query }));
  const chips = h("div", { class: "chips", role: "group", "aria-label": "Show" });
  const lists = Object.keys(LISTS).filter((name) => choices[name]);
  const selects = lists.map((name) => choiceList(name, choices[name], (value) => set({ [name]: value })));
  const clear = toolButton("Clear filters", () => set({ ...NO_FILTER }));
  const count = h("p", { class: "count", role: "status" });

  function set(part) {
    Object.assign(filter, part);
    search.querySelector("input").value = filter.query;
    for (const button of chips.children) button.setAttribute("aria-pressed", String(button.value === filter.show));
    selects.forEach((label, place) => (label.querySelector("select").value = filter[lists[place]]));
    if (document.activeElement === clear && !isFiltered(filter)) search.querySelector("input").focus();
    clear.hidden = !isFiltered(filter);
    changed({ ...filter });
  }

  // A label of a cluster without one, given in this page, makes them other numbers.
  function drawChips() {
    const shows = showsOf(rows, filter.show);
    chips.replaceChildren(...shows.map((choice) => chip(choice, filter.show, () => set({ show: choice.value }))));
    chips.hidden = shows.length < 2;
  }

  clear.hidden = true;
  drawChips();
  on("corrected", drawChips);
  const right = [columnsMenu(columns, toggled), toolButton("Export CSV", exported)];
  const first = h("div", {}, h("div", {}, search, chips), h("div", {}, right));
  const second = h("div", {}, h("div", {}, selects, sortList(columns, sorted, turned), clear), count);
  const element = h("div", { class: "tools table-tools" }, first, second);
  return { element, count };
}

function searchBox(typed) {
  const words = "Search clusters, types, genes and Cell Ontology ids";
  const input = h("input", {
    type: "search",
    id: "search",
    placeholder: "Cluster, type, gene or CL id",
    autocomplete: "off",
    spellcheck: "false",
    oninput: (event) => typed(event.target.value),
  });
  return h("label", { class: "find" }, h("span", { class: "unseen" }, words), input);
}

function chip(choice, wanted, chosen) {
  const pressed = String(choice.value === wanted);
  const text = `${choice.word} ${choice.count.toLocaleString("en")}`;
  return h("button", { type: "button", value: choice.value, "aria-pressed": pressed, onclick: chosen }, text);
}

function choiceList(name, choices, chosen) {
  const options = choices.map((one) => h("option", { value: one.value }, `${one.word} (${one.count.toLocaleString("en")})`));
  const any = h("option", { value: "" }, LISTS[name]);
  const list = h("select", { onchange: (event) => chosen(event.target.value) }, any, options);
  return h("label", { class: `choice ${name}` }, h("span", { class: "unseen" }, `Filter by ${name}`), list);
}

// On a phone the header row is gone, and this takes its place.
function sortList(columns, sorted, turned) {
  const options = columns.map((column) => h("option", { value: column.key }, `Sort by ${column.heading.toLowerCase()}`));
  const list = h("select", { onchange: (event) => sorted(event.target.value) }, options);
  const label = h("label", { class: "choice" }, h("span", { class: "unseen" }, "Sort the table"), list);
  return h("div", { class: "sort" }, label, toolButton("Reverse order", turned));
}

function columnsMenu(columns, toggled) {
  const boxes = columns.map((column) =>
    h("label", {}, columnBox(column, toggled), ` ${column.heading}`),
  );
  boxes[0].querySelector("input").disabled = true; // a row is opened by its id
  const summary = h("summary", {}, "Columns");
  const legend = h("legend", { class: "unseen" }, "Columns of the table");
  const menu = h("details", { class: "menu" }, summary, h("fieldset", {}, legend, boxes));
  menu.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !menu.open) return;
    menu.open = false;
    summary.focus();
  });
  document.addEventListener("click", (event) => {
    if (!menu.contains(event.target)) menu.open = false;
  });
  return menu;
}

function columnBox(column, toggled) {
  const onchange = (event) => toggled(column, event.target.checked);
  return h("input", { type: "checkbox", checked: column.usual, onchange });
}

function toolButton(text, pressed) {
  return h("button", { type: "button", onclick: pressed }, text);
}
