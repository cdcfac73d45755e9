// What is folded only for want of room on a screen is printed whole, and folded again; not the settings of the run, which
// would take the table from the first sheet.

export function startPrinting(overview) {
  let opened = [];
  window.addEventListener("beforeprint", () => {
    opened = [...overview.querySelectorAll("details:not([open], .run)")];
    for (const folded of opened) folded.open = true;
  });
  window.addEventListener("afterprint", () => {
    for (const folded of opened) folded.open = false;
  });
}
