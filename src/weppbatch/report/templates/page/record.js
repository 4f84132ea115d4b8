/* The dialog with a task's record: from the page as far as it holds it, the rest from the record's own file. */
const records = (() => {
  const { keys, start, texts, runs } = data.records, begun = start ? Date.parse(start) : 0;
  const places = new Map(data.rows.map(([id], at) => [id, at])), tasks = Object.keys(data.tasks);
  const taskPlaces = new Map(tasks.map((task, at) => [task, at])), statuses = Object.keys(data.states);
  const TEXTS = ["reason", "host", "category", "message", "hint", "log", "first_cause", "traceback", "versions"];
  const status = (row) => statuses[typeof row === "number" ? row : row[0]];
  const packed = (id, task) => (runs[places.get(id)] || [])[taskPlaces.get(task)];
  /* A record with its keys; null where the run has no such task. */
  function of(id, task) {
    const row = packed(id, task);
    if (row === null || row === undefined) return null;
    const found = {};
    (typeof row === "number" ? [row] : row).forEach((value, at) => { if (value !== null) found[keys[at]] = value; });
    Object.assign(found, found.more);
    delete found.more;
    for (const key of TEXTS) if (found[key] !== undefined) found[key] = texts[found[key]];
    if (found.warnings) found.warnings = found.warnings.map((at) => texts[at]);
    for (const name of ["started", "finished"])
      if (found[name + "_s"] !== undefined) found[name + "_at"] = new Date(begun + 1000 * found[name + "_s"]).toISOString();
    return { ...found, status: status(row) };
  }
  /* State and time alone, for the many cells of the matrix: [state, seconds, number of warnings]; null likewise. */
  function brief(id, task) {
    const row = packed(id, task);
    if (row === null || row === undefined) return null;
    return [status(row), row[2] ?? null, row[8] ? row[8].length : 0];
  }
  return { of, brief, place: (id) => places.get(id) };
})();

const openRecord = (() => {
  const dialog = document.getElementById("record"), head = document.getElementById("record-head"), body = document.getElementById("record-body");
  let from = null, opened = {}, shown = 0;
  const moment = (text) => text.slice(0, 19).replace("T", " ") + " UTC";
  const LABELS = {
    reason: "Why", category: "Category", hint: "What to do", first_cause: "First cause", attempt: "Attempt", started_at: "Started", finished_at: "Finished",
    wall_s: "Time", cpu_s: "CPU time", max_rss_mb: "Memory, largest process", host: "Host", job_id: "Job", versions: "Versions", outputs: "Files made",
  };
  const FORMATS = {
    wall_s: seconds, cpu_s: seconds, max_rss_mb: (value) => written(value, 0) + " MB", started_at: moment, finished_at: moment,
    outputs: ([count, bytes]) => `${count}, ${(bytes / 1e6).toFixed(2)} MB; their checksums are in the record's file`,
  };
  function definitions(pairs) {
    const list = make("dl", "", "facts");
    for (const [name, text] of pairs) list.append(make("dt", name), make("dd", text));
    return list;
  }
  function plain(value) {
    if (Array.isArray(value)) return value.map(plain).join(", ") || "none";
    if (value === null || value === "") return "none";
    if (typeof value === "object") return Object.entries(value).map(([key, one]) => `${key} ${plain(one)}`).join(", ");
    return typeof value === "number" ? String(Number(value.toPrecision(6))) : String(value);
  }
  const figures = (metrics) => [make("h3", "Figures"), definitions(Object.entries(metrics).map(([key, value]) => [key, plain(value)]))];
  function link(text, href) { return Object.assign(make("a", text), { href }); }
  const address = (id, task, failed) => `runs/${id}/.tasks/${task}${failed ? ".failed" : ""}.json`;
  const encoded = (path) => "../" + path.split("/").map(encodeURIComponent).join("/");

  function parts(id, task, record) {
    const found = [stateMark(record.status)];
    if (record.message) found.push(make("p", record.message, "message"));
    found.push(definitions(Object.keys(LABELS).filter((key) => record[key] !== undefined && record[key] !== "")
      .map((key) => [LABELS[key], FORMATS[key] ? FORMATS[key](record[key]) : plain(record[key])])));
    if (record.warnings) {
      const list = make("ul");
      list.append(...record.warnings.map((text) => make("li", text)));
      found.push(make("h3", "Warnings"), list);
    }
    if (record.metrics) found.push(...figures(record.metrics));
    if (record.traceback) found.push(make("h3", "Trace"), scrolling(make("pre", record.traceback)));
    return found;
  }
  function scrolling(element) {
    element.tabIndex = 0;
    return element;
  }
  /* What the page does not hold is read from the record's file where the page is served. */
  async function more(id, task, record, path) {
    const mine = shown, place = make("p", "Figures and versions: reading the record …", "note");
    body.lastElementChild.before(place);
    try {
      const answer = await fetch(encoded(path));
      if (!answer.ok) throw new Error(String(answer.status));
      const whole = await answer.json();
      if (mine !== shown) return;
      const versions = Object.entries(whole.versions || {}).filter(([, number]) => number).map(([name, number]) => name === "weppbatch" ? `${name} ${number}` : number).join(" · ");
      const told = { cpu_s: whole.cpu_s, job_id: whole.job_id, versions };
      const facts = definitions(Object.entries(told).filter(([, value]) => value !== undefined && value !== "" && value !== null).map(([key, value]) => [LABELS[key], FORMATS[key] ? FORMATS[key](value) : plain(value)]));
      const trace = whole.traceback && !record.traceback ? [make("h3", "Trace"), scrolling(make("pre", whole.traceback))] : [];
      place.replaceWith(facts, ...(Object.keys(whole.metrics || {}).length ? figures(whole.metrics) : []), ...trace);
    } catch {
      if (mine === shown) place.textContent = "Figures and versions are in the record's file.";
    }
  }
  function show(id, title, children, task = null) {
    head.textContent = title;
    body.replaceChildren(...children);
    shown += 1;
    if (!dialog.open) {
      from = document.activeElement;
      opened = { run: id, task };
      dialog.showModal();
    }
    dialog.scrollTop = 0;
  }
  function open(id, task) {
    const record = records.of(id, task);
    if (!record) return;
    const files = make("p", "", "log"), path = address(id, task, record.category !== undefined), page = pageOf(id);
    if (record.finished_at || record.category) files.append("Record: ", link(path, encoded(path)), make("br"));
    if (record.started_at) files.append("Log: ", link(`logs/${id}/${task}.log`, encoded(`logs/${id}/${task}.log`)), make("br"));
    files.append("Watershed: ", runLink(id), ...(page ? [" on the map, ", link("its own page", page)] : [" on the map"]));
    show(id, `${data.tasks[task]} of ${id}`, [...parts(id, task, record), files], task);
    if (!data.records.details && record.finished_at && served) more(id, task, record, path);
  }
  /* The scenarios of a run, each with its state and time, to choose one. */
  function openScenarios(id, tasks) {
    const list = make("ul", "", "choices");
    for (const task of tasks) {
      const found = records.brief(id, task);
      if (!found) continue;
      const button = make("button", data.tasks[task], "plain");
      Object.assign(button.dataset, { run: id, task });
      const item = make("li");
      item.append(button, " ", stateMark(found[0]), " ", make("small", found[1] === null ? "" : seconds(found[1])));
      list.append(item);
    }
    show(id, `Scenarios of ${id}`, [list]);
  }
  document.addEventListener("click", (event) => {
    const button = event.target.closest("button[data-task][data-run]");
    if (button) open(button.dataset.run, button.dataset.task);
    if (event.target === dialog || (dialog.open && event.target.closest("#record a[data-run]"))) dialog.close();
  });
  /* A table may have drawn its cells again meanwhile. */
  const again = ({ run, task }) => run && task ? document.querySelector(`button[data-run="${CSS.escape(run)}"][data-task="${CSS.escape(task)}"]`) : null;
  dialog.addEventListener("close", () => {
    const back = from && from.isConnected && from !== document.body ? from : again(opened);
    if (back) back.focus();
  });
  return { task: open, scenarios: openScenarios };
})();
