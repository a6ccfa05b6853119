"use strict";
(() => {
  const table = document.getElementById("table");
  const body = table.tBodies[0];
  const rows = Array.from(body.rows);
  const form = document.getElementById("filters");
  const words = document.getElementById("filter-text");
  const selects = Array.from(form.querySelectorAll("select"));
  const count = document.getElementById("count");
  const texts = rows.map((row) => row.textContent.toLowerCase());

  function filter() {
    const wanted = words.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    rows.forEach((row, k) => {
      const fits = selects.every((s) => !s.value || row.dataset[s.dataset.filter] === s.value);
      row.hidden = !(fits && wanted.every((word) => texts[k].includes(word)));
      shown += row.hidden ? 0 : 1;
    });
    count.textContent = `${shown} of ${rows.length} claims`;
  }

  // The filters stand in the address, so that a filtered table can be linked to.
  const fields = [["text", words], ...selects.map((select) => [select.dataset.filter, select])];

  function read() {
    const asked = new URLSearchParams(location.search);
    for (const [name, field] of fields) field.value = asked.get(name) || "";
  }

  function write() {
    const chosen = fields.filter(([, field]) => field.value).map(([name, field]) => [name, field.value]);
    const query = chosen.length ? `?${new URLSearchParams(chosen)}` : location.pathname;
    try {
      history.replaceState(null, "", query + location.hash);
    } catch {
      // Some browsers refuse it for files; the table is filtered all the same.
    }
  }

  function key(row, column) {
    const cell = row.cells[column];
    return cell.dataset.sort === undefined ? cell.textContent.trim() : cell.dataset.sort;
  }

  // Rows without a value stay last in both directions.
  function compare(a, b, sign) {
    if (a === "" || b === "") return (a === "") - (b === "");
    const difference = Number(a) - Number(b);
    if (!Number.isNaN(difference)) return sign * difference;
    return sign * a.localeCompare(b, "en", { numeric: true });
  }

  function sort(head, column) {
    const up = head.getAttribute("aria-sort") !== "ascending";
    for (const other of table.tHead.rows[0].cells) other.setAttribute("aria-sort", "none");
    head.setAttribute("aria-sort", up ? "ascending" : "descending");
    const keyed = rows.map((row) => [key(row, column), row]);
    keyed.sort((a, b) => compare(a[0], b[0], up ? 1 : -1));
    body.append(...keyed.map((pair) => pair[1]));
  }

  Array.from(table.tHead.rows[0].cells).forEach((head, column) => {
    head.querySelector("button").addEventListener("click", () => sort(head, column));
  });

  // A link to a row that a filter hides, or to a passage of a closed document, shows it first.
  function reveal() {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    const box = target && target.closest("details:not([open])");
    if (!target || !(target.hidden || box)) return;
    if (target.hidden) {
      form.reset();
      filter();
    }
    if (box) box.open = true;
    target.scrollIntoView();
  }

  let closed = [];
  window.addEventListener("beforeprint", () => {
    closed = Array.from(document.querySelectorAll("details:not([open])"));
    closed.forEach((details) => { details.open = true; });
  });
  window.addEventListener("afterprint", () => {
    closed.forEach((details) => { details.open = false; });
  });

  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", () => { filter(); write(); });
  form.addEventListener("reset", () => setTimeout(() => { filter(); write(); }));
  window.addEventListener("hashchange", reveal);
  form.hidden = false;
  read();
  filter();
  reveal();
})();
