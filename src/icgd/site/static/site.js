"use strict";
// The theme's two side bars are told apart by their names.
document.querySelector(".sidebar-drawer")?.setAttribute("aria-label", "Site");
document.querySelector(".toc-drawer")?.setAttribute("aria-label", "On this page");

// Boxes that scroll can be reached with the keyboard.
for (const box of document.querySelectorAll(".scroll, .table-wrapper, .highlight pre, .content figure")) {
  if (box.scrollWidth > box.clientWidth) {
    box.tabIndex = 0;
    if (box.tagName === "FIGURE") continue; // has a role and a name
    box.setAttribute("role", "group");
    box.setAttribute("aria-label", "scrolls sideways");
  }
}

// The table of claims: filters that stand in the address, and sorting.
const form = document.getElementById("filters");
if (form) {
  const table = document.getElementById("claims");
  const rows = Array.from(table.tBodies[0].rows);
  const fields = Array.from(form.querySelectorAll("input, select"));
  const texts = rows.map((row) => `${row.textContent} ${row.dataset.words}`.toLowerCase());

  const fits = (row, field, text) => {
    if (field.name === "text") return field.value.toLowerCase().split(/\s+/).every((word) => text.includes(word));
    return !field.value || row.dataset[field.name].split(/ (?=fig)/).includes(field.value);
  };

  const filter = () => {
    rows.forEach((row, k) => { row.hidden = !fields.every((field) => fits(row, field, texts[k])); });
    const shown = rows.filter((row) => !row.hidden).length;
    document.getElementById("count").textContent = `${shown} of ${rows.length} claims and findings with a rule`;
    document.getElementById("none").hidden = shown > 0;
    table.hidden = shown === 0;
  };

  const write = () => {
    const chosen = fields.filter((field) => field.value).map((field) => [field.name, field.value]);
    const query = chosen.length ? `?${new URLSearchParams(chosen)}` : location.pathname;
    try { history.replaceState(null, "", query + location.hash); } catch { /* some browsers refuse it for files */ }
  };

  const key = (row, column) => row.cells[column].dataset.sort ?? row.cells[column].textContent.trim();
  const compare = (a, b, sign) => {
    if (a === "" || b === "") return (a === "") - (b === ""); // rows without a value stay last
    const difference = Number(a) - Number(b);
    return sign * (Number.isNaN(difference) ? a.localeCompare(b, "en", { numeric: true }) : difference);
  };
  const sort = (head, column) => {
    const up = head.getAttribute("aria-sort") !== "ascending";
    for (const other of table.querySelectorAll("th[aria-sort]")) other.setAttribute("aria-sort", "none");
    head.setAttribute("aria-sort", up ? "ascending" : "descending");
    rows.sort((a, b) => compare(key(a, column), key(b, column), up ? 1 : -1));
    table.tBodies[0].append(...rows);
  };

  Array.from(table.tHead.rows[0].cells).forEach((head, column) => {
    head.querySelector("button")?.addEventListener("click", () => sort(head, column));
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", () => { filter(); write(); });
  form.addEventListener("reset", () => setTimeout(() => { filter(); write(); }));
  document.querySelector("#none button").addEventListener("click", () => form.reset());
  const asked = new URLSearchParams(location.search);
  for (const field of fields) field.value = asked.get(field.name) ?? "";
  form.hidden = false;
  filter();
}
