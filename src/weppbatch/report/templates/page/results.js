/* The tables of figures: results in views, ranked by what they are sorted by; ash, scenarios and contrasts. */
(() => {
  const at = (id) => document.getElementById(id);
  const rows = data.rows.map((row) => Object.fromEntries(data.columns.map(({ key }, place) => [key, row[place]])));

  /* --- cells --- */
  function cell(column) {
    if (column.key === "runid") return runCell;
    if (column.key === "status") return stateMark;
    return (value) => figure(column, value);
  }
  const tabled = (column) => ({
    field: column.key, label: column.label, unit: unitOf(column), help: column.help, numeric: Boolean(column.numeric), frozen: column.key === "runid", show: cell(column), about: column,
  });
  const views = Object.keys(data.views), inView = (column, view) => view === "all" || !column.views || !views.length || column.views.includes(view);
  const main = data.columns.find(({ key }) => key === "soil_loss_t_ha_yr") || data.columns.find(({ key }) => key === "basin_area_km2");
  const rank = { field: "rank", label: "#", help: "The place in the order that the table is sorted by", sortable: false, numeric: true, frozen: true, width: 44, css: "rank", show: () => "" };
  const columns = [rank, ...data.columns.map(tabled)];
  for (const column of columns) column.visible = !column.about || inView(column.about, views[0] || "all");
  const results = makeTable(at("results-table"), {
    rows, columns, sort: main ? [main.key, "desc"] : ["runid", "asc"],
    more: { rowFormatter: (row) => { const place = row.getElement().querySelector(".rank"); if (place) place.textContent = row.getPosition() || ""; } },
  });

  /* --- views and filter --- */
  for (const choice of document.querySelectorAll("input[name=view]")) choice.addEventListener("change", () => {
    results.table.blockRedraw();
    for (const { field, about } of columns) if (about) (inView(about, choice.value) ? results.table.showColumn(field) : results.table.hideColumn(field));
    results.table.restoreRedraw();
    results.table.redraw(true);
  });
  const texts = new Map(rows.map((row) => [row.runid, Object.values(row).filter((value) => typeof value === "string").join(" ").replaceAll("_", " ").toLowerCase()]));
  const filter = at("filter-results");
  filter.addEventListener("input", () => {
    const parts = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    if (parts.length) results.table.setFilter((row) => parts.every((part) => texts.get(row.runid).includes(part)));
    else results.table.clearFilter();
    at("matches-results").textContent = parts.length ? `${results.rows().length} of ${rows.length}` : "";
  });
  const places = () => { for (const row of results.table.getRows("visible")) row.reformat(); };
  results.table.on("dataSorted", (sorters) => {
    const found = sorters.length ? columns.find(({ field }) => field === sorters[0].field) : null;
    at("ranked-by").textContent = found ? `ranked by ${found.label}, ${sorters[0].dir === "desc" ? "the largest first" : "the least first"}` : "";
    setTimeout(places);
  });
  results.table.on("dataFiltered", () => setTimeout(places));

  /* --- what is shown as CSV, in the units shown; a text that a spreadsheet would take for a formula gets an apostrophe --- */
  const quoted = (text) => /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  function exact(column, value) {
    if (blank(value)) return "";
    if (typeof value === "string") return quoted(/^[=+\-@\t\r]/.test(value) ? "'" + value : value);
    return String(Number((column.percent ? 100 * value : units.convert(value, column.unit || "")).toPrecision(7)));
  }
  function csv() {
    const shownColumns = results.columns().filter(({ about }) => about), unit = ({ about }) => about.percent ? "%" : units.label(about.unit || "");
    const head = shownColumns.map((column) => quoted(column.label + (unit(column) ? ` (${unit(column)})` : "")));
    return [head, ...results.rows().map((row) => shownColumns.map(({ about }) => exact(about, row[about.key])))].map((line) => line.join(",") + "\r\n").join("");
  }
  at("download-csv").addEventListener("click", () => {
    const address = URL.createObjectURL(new Blob(["\ufeff", csv()], { type: "text/csv" })), link = Object.assign(make("a"), { href: address, download: `${data.batch}-${units.system}.csv` });
    link.click();
    setTimeout(() => URL.revokeObjectURL(address), 10000);
  });

  /* --- ash: bars by burn class and by return period, each of the largest of its group in the row --- */
  const columnOf = (key) => data.columns.find((column) => column.key === key);
  if (at("ash-table")) {
    const keys = data.ash.filter(columnOf), half = keys.filter((key) => !key.includes("_day_"));
    const largest = (row, key) => Math.max(...keys.filter((other) => half.includes(other) === half.includes(key)).map((other) => row[other] || 0));
    makeTable(at("ash-table"), {
      rows: rows.filter((row) => row.ash_initial_t), sort: ["ash_initial_t", "desc"], more: { rowHeight: 40 },
      columns: [
        { field: "runid", label: "Run", frozen: true, show: runCell }, tabled(columnOf("ash_initial_t")),
        ...keys.map((key) => ({ ...tabled(columnOf(key)), numeric: true, show: (value, row) => blank(value) ? "" : withBar(units.shown(value, "t"), value / (largest(row, key) || 1)) })),
      ],
    });
  }

  /* --- scenarios by watershed, of the figure chosen; contrasts --- */
  const { names, figures, runs, contrasts } = data.scenarios;
  if (at("scenario-table")) {
    const choice = at("scenario-figure");
    const lines = () => Object.entries(runs).map(([runid, cells]) => ({ runid, ...Object.fromEntries(names.map((name, place) => [name, cells[place] ? cells[place][choice.value] : null])) }));
    const [base] = names, percent = (value, other) => !other ? "" : `${value < other ? "−" : value > other ? "+" : "±"}${written(Math.abs((100 * (value - other)) / other), 0)} %`;
    const show = (name) => (value, row) => blank(value) ? "" : withBar(units.shown(value, figures[choice.value][2]), value / (Math.max(...names.map((other) => row[other] || 0)) || 1), name === base ? "" : percent(value, row[base]));
    const table = makeTable(at("scenario-table"), {
      rows: lines(), sort: [base, "desc"], more: { rowHeight: 40 },
      columns: [{ field: "runid", label: "Run", frozen: true, show: runCell }, ...names.map((name) => ({ field: name, label: name === base ? "as it is" : words(name), numeric: true, show: show(name) }))],
    }).table;
    choice.addEventListener("change", () => table.replaceData(lines()));
    const label = () => { for (const option of choice.options) option.textContent = `${figures[option.value][1]}, ${units.label(option.dataset.unit)}`; };
    document.addEventListener("units", label);
    label();
  }
  if (at("contrast-table")) {
    const number = (unit, digits) => (value) => units.shown(value, unit, digits);
    makeTable(at("contrast-table"), {
      rows: contrasts.map(([runid, contrast, hillslopes, area, mass, saved, change]) => ({ runid, contrast, hillslopes, area, mass, saved, change })), sort: ["saved", "desc"],
      columns: [
        { field: "runid", label: "Run", frozen: true, show: runCell }, { field: "contrast", label: "Contrast", show: (name) => words(name) }, { field: "hillslopes", label: "Hillslopes", numeric: true },
        { field: "area", label: "Area", unit: "ha", numeric: true, show: number("ha", 0) }, { field: "mass", label: "Sediment yield", unit: "t/yr", numeric: true, show: number("t/yr", 1) },
        { field: "saved", label: "Saved", unit: "t/yr", numeric: true, show: number("t/yr", 1) }, { field: "change", label: "Change", unit: "%", numeric: true, show: number("%", 1) },
      ],
    });
  }
})();
