/* Tables and records: sorting, filtering, links to the map, and the dialog with a task's record. */
(() => {
  const table = document.getElementById("table"), body = table.tBodies[0];

  /* --- sorting: numbers by data-value, texts as people order them; rows without a value last --- */
  const order = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });
  function keyOf(row, at) {
    const cell = row.cells[at], value = cell.dataset.value;
    return value === undefined ? cell.textContent.trim() : value === "" ? "" : Number(value);
  }
  function sortBy(head) {
    const at = head.cellIndex, down = head.getAttribute("aria-sort") === "ascending";
    for (const other of head.parentElement.cells) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    const rows = [...body.rows].map((row) => [keyOf(row, at), row]);
    rows.sort(([a], [b]) => {
      if (a === "" || b === "") return (a === "") - (b === "");
      const found = typeof a === "number" ? a - b : order.compare(a, b);
      return down ? -found : found;
    });
    body.append(...rows.map(([, row]) => row));
  }
  for (const button of table.querySelectorAll("thead button"))
    button.addEventListener("click", () => sortBy(button.parentElement));

  /* --- views: groups of columns --- */
  for (const choice of document.querySelectorAll("input[name=view]")) {
    choice.addEventListener("change", () => { table.dataset.view = choice.value; });
    if (choice.checked) table.dataset.view = choice.value;
  }

  /* --- filter --- */
  const filter = document.getElementById("filter"), matches = document.getElementById("matches");
  filter.addEventListener("input", () => {
    const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const row of body.rows) {
      const text = row.textContent.toLowerCase();
      row.hidden = !words.every((word) => text.includes(word));
      shown += !row.hidden;
    }
    matches.textContent = words.length ? `${shown} of ${body.rows.length}` : "";
  });

  /* --- links to a run on the map: #run=ID --- */
  function goTo(runid) {
    batchMap.choose(runid);
    document.getElementById("map").scrollIntoView();
  }
  function follow() {
    const found = /^#run=(.+)$/.exec(location.hash);
    if (found) goTo(decodeURIComponent(found[1]));
  }
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-run]");
    if (link) goTo(link.dataset.run); // also when the address has it already
  });
  addEventListener("hashchange", follow);
  addEventListener("load", follow);

  /* --- records --- */
  const dialog = document.getElementById("record"), content = document.getElementById("record-body");
  const LABELS = {
    reason: "Why", category: "Category", hint: "What to do", attempt: "Attempt", started_at: "Started", finished_at: "Finished",
    wall_s: "Time", cpu_s: "CPU time", max_rss_mb: "Memory, largest process", host: "Host", job_id: "Job", versions: "Versions",
    outputs: "Files made", config_sha256: "Settings’ checksum",
  };
  const FORMATS = {
    wall_s: (v) => v.toFixed(2) + " s", cpu_s: (v) => v.toFixed(2) + " s", max_rss_mb: (v) => v.toFixed(0) + " MB",
    outputs: ([count, bytes]) => `${count}, ${(bytes / 1e6).toFixed(2)} MB; their checksums are in the sentinel`,
    started_at: (v) => v.replace("T", " ").replace("Z", " UTC"), finished_at: (v) => v.replace("T", " ").replace("Z", " UTC"),
  };
  function definitions(pairs) {
    const list = make("dl", "", "facts");
    for (const [name, text] of pairs) list.append(make("dt", name), make("dd", text));
    return list;
  }
  const plain = (value) => Array.isArray(value) ? value.join(", ") || "none" : value !== null && typeof value === "object" ? JSON.stringify(value) : String(value);
  function open(runid, task) {
    const record = data.records[runid][task], parts = [];
    document.getElementById("record-head").textContent = `${data.tasks[task]} of ${runid}`;
    parts.push(make("p", record.status.replace("_", " "), "state " + record.status));
    if (record.message) parts.push(make("p", record.message, "message"));
    parts.push(definitions(Object.keys(LABELS)
      .filter((key) => record[key] !== undefined && record[key] !== "" && !(key === "reason" && (record.message || record.warnings)))
      .map((key) => [LABELS[key], FORMATS[key] ? FORMATS[key](record[key]) : plain(record[key])])));
    if (record.warnings) {
      const list = make("ul", "");
      list.append(...record.warnings.map((text) => make("li", text)));
      parts.push(make("h3", "Warnings"), list);
    }
    if (record.metrics) parts.push(make("h3", "Figures"), definitions(Object.entries(record.metrics).map(([key, value]) => [key, plain(value)])));
    if (record.traceback) parts.push(make("h3", "Trace"), make("pre", record.traceback));
    const links = make("p", "", "log"), base = record.category ? ".failed.json" : ".json";
    const link = (text, href) => Object.assign(make("a", text), { href });
    if (record.finished_at) links.append("Record: ", link(`runs/${runid}/.tasks/${task}${base}`, encodeURI(`../runs/${runid}/.tasks/${task}${base}`)), make("br", ""));
    if (record.started_at) links.append("Log: ", link(`logs/${runid}/${task}.log`, encodeURI(`../logs/${runid}/${task}.log`)));
    content.replaceChildren(...parts, links);
    dialog.showModal();
  }
  for (const button of document.querySelectorAll("button[data-task]"))
    button.addEventListener("click", () => open(button.dataset.run, button.dataset.task));
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });

  /* --- on paper everything is open --- */
  addEventListener("beforeprint", () => document.querySelectorAll("details").forEach((details) => { details.open = true; }));
})();
