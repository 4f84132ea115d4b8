/* makeTable(element, options): a table by Tabulator, with keys, help on heads, sorting with empty cells last, and paper.

   rows: objects by field. columns: [{ field, label, unit, help, numeric, frozen, visible, width, show(value, row) }], where
   show gives a text or an element; without it a value is written as text. sort: [field, "asc" | "desc"].
   Gives { table, rows(), columns(), text(column, row) }; rows are those that are shown, in their order. */
const order = new Intl.Collator("en", { numeric: true, sensitivity: "base" });
const blank = (value) => value === null || value === undefined || value === "";
/* Tabulator hands the values over in reverse when it sorts downwards; what is empty stays last. */
function byValue(a, b, rowA, rowB, column, direction) {
  if (blank(a) || blank(b)) return (blank(a) - blank(b)) * (direction === "asc" ? 1 : -1);
  return typeof a === "number" && typeof b === "number" ? a - b : order.compare(a, b);
}

function makeTable(element, { rows, columns, sort, more = {} }) {
  const contents = (column, row) => {
    const shown = column.show ? column.show(row[column.field], row) : row[column.field];
    return shown instanceof Node ? shown : document.createTextNode(blank(shown) ? "" : String(shown));
  };
  function head(column) {
    const made = make(column.sortable === false ? "span" : "button", column.label, "head");
    if (made.type) made.type = "button";
    made.style.maxWidth = Math.max(...column.label.split(" ").map((word) => word.length), Math.ceil(column.label.length / 2)) + 3 + "ch"; // two lines, and the arrow
    if (column.unit) {
      const unit = make("small", units.label(column.unit));
      unit.dataset.unitLabel = column.unit;
      made.append(" ", unit);
    }
    if (column.help) made.dataset.help = column.help + ".";
    return made;
  }
  const tabulated = (column) => ({
    field: column.field, title: "", titleFormatter: () => head(column), formatter: (cell) => contents(column, cell.getRow().getData()),
    sorter: byValue, headerSort: column.sortable !== false, headerSortStartingDir: column.numeric ? "desc" : "asc",
    hozAlign: column.numeric ? "right" : "left", headerHozAlign: column.numeric ? "right" : "left", frozen: Boolean(column.frozen),
    visible: column.visible !== false, cssClass: column.css || "", ...(column.width ? { width: column.width } : { maxInitialWidth: 260 }),
  });
  const table = new Tabulator(element, {
    data: rows, columns: columns.map(tabulated), layout: "fitData", maxHeight: "75vh", rowHeight: 32, nestedFieldSeparator: false, headerSortElement: "<span></span>",
    columnDefaults: { resizable: false, headerWordWrap: true, minWidth: 40 }, initialSort: sort ? [{ column: sort[0], dir: sort[1] }] : [],
    selectableRows: false, keybindings: false, placeholder: "Nothing fits the filters.", ...more,
  });
  element.setAttribute("aria-label", element.dataset.label);
  const built = new Promise((resolve) => table.on("tableBuilt", resolve));
  built.then(() => {
    keys(element, table);
    document.addEventListener("units", () => table.redraw(true));
  });
  const made = {
    table, built, contents,
    rows: () => table.getData("active"),
    columns: () => columns.filter((column) => table.getColumn(column.field).isVisible()),
  };
  onPaper(element, made);
  return made;
}

/* One cell of a table has the focus's place (roving tabindex); arrows, Home and End move it, Enter does what the cell does. */
function keys(element, table) {
  const holder = element.querySelector(".tabulator-tableholder");
  holder.removeAttribute("tabindex"); // its cells take the focus
  const target = (cell) => cell.querySelector("a, button") || cell;
  const shown = (cell) => cell && cell.style.display !== "none";
  function place(cell) {
    for (const old of element.querySelectorAll(".tabulator-cell[tabindex='0'], .tabulator-cell [tabindex='0']")) old.tabIndex = -1;
    target(cell).tabIndex = 0;
  }
  function ensure() {
    if (element.querySelector(".tabulator-cell[tabindex='0'], .tabulator-cell [tabindex='0']")) return;
    const first = [...element.querySelectorAll(".tabulator-row .tabulator-cell")].find(shown);
    if (first) place(first);
  }
  function sideways(cell, step) {
    let next = cell;
    do next = step > 0 ? next.nextElementSibling : next.previousElementSibling; while (next && !(next.classList.contains("tabulator-cell") && shown(next)));
    return next;
  }
  function upright(cell, step) {
    const at = [...cell.parentElement.children].indexOf(cell);
    let row = cell.parentElement;
    for (let left = Math.abs(step); left > 0; left -= 1) row = (step > 0 ? row.nextElementSibling : row.previousElementSibling) || row;
    return row.children[at];
  }
  const ends = (cell, last) => {
    const cells = [...cell.parentElement.children].filter((one) => one.classList.contains("tabulator-cell") && shown(one));
    return last ? cells.at(-1) : cells[0];
  };
  const MOVES = {
    ArrowLeft: (cell) => sideways(cell, -1), ArrowRight: (cell) => sideways(cell, 1), ArrowUp: (cell) => upright(cell, -1), ArrowDown: (cell) => upright(cell, 1),
    PageUp: (cell) => upright(cell, -10), PageDown: (cell) => upright(cell, 10), Home: (cell) => ends(cell, false), End: (cell) => ends(cell, true),
  };
  holder.addEventListener("keydown", (event) => {
    const cell = event.target.closest(".tabulator-cell"), next = cell && MOVES[event.key] && !event.ctrlKey && !event.metaKey && MOVES[event.key](cell);
    if (!next) return;
    event.preventDefault();
    place(next);
    target(next).focus();
  });
  holder.addEventListener("focusin", (event) => {
    const cell = event.target.closest(".tabulator-cell");
    if (cell) place(cell);
  });
  new MutationObserver(ensure).observe(element.querySelector(".tabulator-table"), { childList: true, subtree: true }); // rows and cells come and go
  ensure();
}

/* On paper a table is whole: all rows that are shown, its columns over as many tables as the sheet's width needs. */
const SHEET_CHARACTERS = 150;
function onPaper(element, made) {
  let sheets = [];
  const text = (column, row) => made.contents(column, row).textContent;
  function sheet(columns, rows) {
    const table = make("table", "", "on-paper"), head = table.createTHead().insertRow(), body = table.createTBody();
    for (const column of columns) {
      const cell = make("th", column.label, column.numeric ? "number" : "");
      if (column.unit) cell.append(" ", make("small", units.label(column.unit)));
      cell.scope = "col";
      head.append(cell);
    }
    for (const row of rows) {
      const line = body.insertRow();
      for (const column of columns) {
        const cell = line.insertCell();
        cell.className = column.numeric ? "number" : "";
        cell.append(made.contents(column, row));
      }
    }
    return table;
  }
  function lay() {
    const rows = made.rows(), columns = made.columns(), width = (column) => 2 + Math.max(...column.label.split(" ").map((word) => word.length), ...rows.slice(0, 300).map((row) => Math.min(40, text(column, row).length)));
    const always = columns.filter((column) => column.field === "runid"), rest = columns.filter((column) => column.field !== "runid" && column.label !== "#");
    const groups = [[]], first = always.reduce((sum, column) => sum + width(column), 0);
    let used = first;
    for (const column of rest) {
      if (used + width(column) > SHEET_CHARACTERS && groups.at(-1).length) { groups.push([]); used = first; }
      groups.at(-1).push(column);
      used += width(column);
    }
    sheets = groups.map((group) => sheet([...always, ...group], rows));
    element.after(...sheets);
  }
  addEventListener("beforeprint", () => { sheets.forEach((one) => one.remove()); lay(); });
  addEventListener("afterprint", () => { sheets.forEach((one) => one.remove()); sheets = []; });
}

/* A link to a run, and to its own page where there is one, as cells have it. */
function runCell(id) {
  const cell = make("span", "", "run"), link = runLink(id), page = pageOf(id);
  link.tabIndex = -1;
  cell.append(link);
  if (page) {
    const own = Object.assign(make("a", "page"), { href: page, tabIndex: -1 });
    own.setAttribute("aria-label", `Page of ${id}`);
    cell.append(" ", own);
  }
  return cell;
}
/* A share of something as a bar under a number. */
function withBar(text, share, more = "") {
  const cell = make("span", text, "with-bar"), bar = make("span", "", "share");
  if (more) cell.append(" ", make("small", more));
  bar.style.setProperty("--share", share);
  cell.append(bar);
  return cell;
}
