/* Runs x tasks: what each took or the state it is in, filtered by id, state, size and task; a cell opens its record. */
(() => {
  const element = document.getElementById("matrix-table"), at = (id) => document.getElementById(id);
  const places = Object.fromEntries(data.columns.map(({ key }, place) => [key, place]));
  const tasks = Object.keys(data.tasks), plain = tasks.filter((task) => !task.startsWith("omni.")), scenarios = tasks.filter((task) => task.startsWith("omni."));
  const WORSE = ["not_selected", "pending", "stale", "running", "interrupted", "failed"]; // as they sort, after all times
  const value = (row, key) => places[key] === undefined ? null : row[places[key]];
  /* What a task's cell sorts by: its time, and above all times the states without one. */
  function rank(found) {
    if (!found) return null;
    return DONE.includes(found[0]) ? found[1] ?? 0 : 1e9 + WORSE.indexOf(found[0]);
  }
  function folded(id) {
    const found = scenarios.map((task) => records.brief(id, task)).filter(Boolean), done = found.filter(([status]) => DONE.includes(status));
    const worst = found.filter(([status]) => !DONE.includes(status)).sort((a, b) => WORSE.indexOf(b[0]) - WORSE.indexOf(a[0]))[0];
    return { found, done, worst: worst ? worst[0] : null, seconds: done.reduce((sum, [, one]) => sum + (one || 0), 0) };
  }
  function states(made, row) {
    made.status = value(row, "status");
    for (const task of tasks) made[task] = rank(records.brief(made.runid, task));
    const all = folded(made.runid);
    made.scenarios = all.found.length ? (all.worst ? 1e9 + WORSE.indexOf(all.worst) : all.seconds) : null;
    return made;
  }
  const rows = data.rows.map((row) => {
    const made = { runid: row[0], name: value(row, "name"), area: value(row, "basin_area_km2") ?? value(row, "polygon_area_km2") };
    made.search = `${row[0]} ${made.name || ""}`.toLowerCase();
    return states(made, row);
  });

  /* --- cells --- */
  function cell(task, id) {
    const found = records.brief(id, task);
    if (!found) return make("span", "–", "none");
    const [status, took, warnings] = found, timed = took !== null && [...DONE, "stale"].includes(status);
    const button = make("button", timed ? seconds(took) : words(status), "cell state " + status);
    Object.assign(button.dataset, { run: id, task });
    button.type = "button";
    button.tabIndex = -1;
    button.setAttribute("aria-label", `${data.tasks[task]} of ${id}: ${words(status)}${took === null ? "" : ", " + seconds(took)}${warnings ? ", with warnings" : ""}`);
    if (warnings) button.append(make("i", "", "warned"));
    return button;
  }
  function scenarioCell(id) {
    const { found, done, worst, seconds: took } = folded(id);
    if (!found.length) return make("span", "–", "none");
    const text = worst ? `${done.length} of ${found.length}` : `${found.length} in ${seconds(took)}`, state = worst || (found.some(([status]) => status === "degraded") ? "degraded" : "succeeded");
    const button = make("button", text, "cell state " + state);
    button.type = "button";
    button.tabIndex = -1;
    button.setAttribute("aria-label", `Scenarios of ${id}: ${text}, ${words(state)}`);
    button.addEventListener("click", () => openRecord.scenarios(id, scenarios));
    return button;
  }
  const column = (task, visible = true) => ({ field: task, label: data.tasks[task], numeric: true, visible, css: "task", show: (_, row) => cell(task, row.runid) });
  const columns = [
    { field: "runid", label: "Run", frozen: true, show: runCell },
    { field: "status", label: "State", show: (status) => stateMark(status) },
    { field: "area", label: "Size", unit: "km²", numeric: true, help: "Area that drains to the outlet; of the polygon until there is one", show: (area) => units.shown(area, "km²", 1) },
    ...plain.filter((task) => task !== "omni").map((task) => column(task)),
    ...(scenarios.length ? [{ field: "scenarios", label: "Scenarios", numeric: true, css: "task", help: "All scenarios of the run: how many, and their time together", show: (_, row) => scenarioCell(row.runid) }] : []),
    ...scenarios.map((task) => column(task, false)),
    ...(plain.includes("omni") ? [column("omni")] : []),
  ];
  const made = makeTable(element, { rows, columns, sort: ["runid", "asc"] });

  /* --- filters --- */
  const chips = [...document.querySelectorAll("#matrix .chip")], clear = at("clear-matrix");
  const chosen = () => chips.filter((chip) => chip.getAttribute("aria-pressed") === "true").map((chip) => chip.dataset.state);
  const FITS = {
    failed: ([status]) => ["failed", "interrupted"].includes(status), unfinished: ([status]) => !DONE.includes(status), warned: ([, , warnings]) => warnings > 0,
    degraded: ([status]) => status === "degraded", succeeded: ([status]) => status === "succeeded",
  };
  function wanted() {
    const text = at("filter-matrix").value.toLowerCase().split(/\s+/).filter(Boolean), states = chosen(), task = at("filter-task").value, fits = FITS[at("filter-status").value];
    const { factor } = units.of("km²"), from = at("size-from").value, to = at("size-to").value, some = task === "omni." ? scenarios : [task];
    if (!text.length && !states.length && !task && from === "" && to === "") return null;
    return (row) => text.every((word) => row.search.includes(word)) && (!states.length || states.includes(row.status))
      && (from === "" || (row.area !== null && row.area * factor >= Number(from))) && (to === "" || (row.area !== null && row.area * factor <= Number(to)))
      && (!task || some.some((one) => { const found = records.brief(row.runid, one); return found && fits(found); }));
  }
  function filter() {
    const fits = wanted();
    if (fits) made.table.setFilter(fits);
    else made.table.clearFilter();
    clear.hidden = !fits;
    at("matches-matrix").textContent = fits ? `${made.rows().length} of ${rows.length} runs` : "";
  }
  function press(states) {
    for (const chip of chips) chip.setAttribute("aria-pressed", String(states.includes(chip.dataset.state)));
  }
  made.built.then(() => {
    /* States that live.js has changed in the page's data. */
    document.addEventListener("states", ({ detail }) => {
      for (const row of made.table.getRows()) {
        const id = row.getData().runid;
        if (!detail.has(id)) continue;
        states(row.getData(), data.rows[records.place(id)]);
        row.reformat();
      }
      filter();
    });
    for (const id of ["filter-matrix", "size-from", "size-to", "filter-task", "filter-status"]) at(id).addEventListener("input", filter);
    document.addEventListener("units", filter);
    for (const chip of chips) chip.addEventListener("click", () => {
      chip.setAttribute("aria-pressed", String(chip.getAttribute("aria-pressed") !== "true"));
      filter();
    });
    clear.addEventListener("click", () => {
      for (const id of ["filter-matrix", "size-from", "size-to", "filter-task"]) at(id).value = "";
      press([]);
      filter();
      at("filter-matrix").focus();
    });
    /* A count in the overview shows its runs. */
    for (const tile of document.querySelectorAll("#overview button[data-state]")) tile.addEventListener("click", () => {
      press([tile.dataset.state]);
      filter();
      at("matrix").scrollIntoView();
      chips.find((chip) => chip.dataset.state === tile.dataset.state).focus({ preventScroll: true });
    });
    choose();
  });

  /* --- columns --- */
  function show(field, on) {
    if (on) made.table.showColumn(field);
    else made.table.hideColumn(field);
  }
  function choose() {
    for (const { field, label, visible } of columns.slice(1)) {
      const box = Object.assign(make("input"), { type: "checkbox", checked: visible !== false, value: field }), choice = make("label");
      choice.append(box, " " + label);
      box.addEventListener("change", () => show(field, box.checked));
      at("choose-tasks").append(choice);
    }
    const opener = at("open-scenarios");
    if (opener) opener.addEventListener("click", () => {
      const on = opener.getAttribute("aria-pressed") !== "true";
      opener.setAttribute("aria-pressed", String(on));
      opener.textContent = opener.textContent.replace(on ? "Show" : "Hide", on ? "Hide" : "Show");
      made.table.blockRedraw();
      for (const box of document.querySelectorAll("#choose-tasks input")) if (scenarios.includes(box.value)) { box.checked = on; show(box.value, on); }
      made.table.restoreRedraw();
      if (on) made.table.scrollToColumn(scenarios[0], "middle", false);
    });
  }
})();
