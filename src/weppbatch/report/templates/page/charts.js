/* Charts of the results: any column ranked, and any two against each other. The table above has the same figures; a
   click on a bar or a point selects its run. */
(() => {
  const box = document.getElementById("charts");
  if (!box || !data.columns || data.rows.length < 2) return;
  const ALL = 40, TOP = 22, BOTTOM = 10; // of the runs in the ranking: all up to so many, else the first and the last
  const SYMBOLS = { succeeded: "circle", degraded: "triangle", stale: "square", failed: "times", interrupted: "diamond", running: "star" };
  const INKS = { succeeded: "--ok", degraded: "--degraded", stale: "--stale", failed: "--failed", interrupted: "--interrupted", running: "--running" };
  const SHARES = [0, 0.1, 0.25, 0.5, 0.75];
  const columns = data.columns.map((column, at) => ({ ...column, at })), find = (key) => columns.find((column) => column.key === key);
  const numeric = columns.filter((column) => column.numeric && data.rows.filter((row) => typeof row[column.at] === "number").length > 1);
  if (numeric.length < 2) return;
  const ids = find("runid").at, states = find("status").at, burned = find("burned_share");
  const runs = data.rows.map((row) => ({ id: row[ids], state: row[states], burned: burned ? row[burned.at] : null, row }));
  const value = (column, run) => { const found = run.row[column.at]; return typeof found !== "number" ? null : column.percent ? 100 * found : units.convert(found, column.unit); };
  const unit = (column) => (column.percent ? "%" : column.unit ? units.label(column.unit) : "");
  const head = (column) => (unit(column) ? `${column.label}, ${unit(column)}` : column.label);
  const told = (column, run) => { const found = value(column, run); return found === null ? "none" : `${found.toLocaleString("en", { maximumSignificantDigits: 4 })}${unit(column) ? ` ${unit(column)}` : ""}`; };
  const number = (found) => found.toLocaleString("en", { maximumSignificantDigits: 3 });
  const first = (keys, not) => keys.map((key) => numeric.find((column) => column.key === key && column !== not)).find(Boolean) || numeric.find((column) => column !== not);

  function chooser(label, id, options, chosen) {
    const field = make("label", `${label} `), select = field.appendChild(make("select"));
    select.id = id;
    select.append(...options.map(({ key, label: text }) => new Option(text, key, false, key === chosen)));
    return { field, select };
  }
  function figure(title, id, ...fields) {
    const whole = make("figure"), bar = make("div", "", "chart-bar"), chart = make("div", "", "chart clicks");
    chart.id = id;
    bar.append(...fields);
    whole.append(make("figcaption", title), bar, chart);
    box.append(whole);
    return chart;
  }
  const select = (run) => { location.hash = `#run=${encodeURIComponent(run.id)}`; };
  function clicks(svg) {
    svg.addEventListener("click", () => { if (svg.value && svg.value.id) select(svg.value); });
    return svg;
  }
  box.classList.add("pair");

  /* --- ranked bars --- */
  const ranked = chooser("Rank by", "rank-by", numeric, first(["sediment_yield_t_ha_yr", "soil_loss_t_ha_yr", "runoff_mm_yr"]).key);
  const ranking = () => {
    const column = find(ranked.select.value);
    return { column, sorted: runs.filter((run) => value(column, run) !== null).sort((a, b) => value(column, b) - value(column, a) || (a.id < b.id ? -1 : 1)) };
  };
  function drawRanking(width) {
    const { column, sorted } = ranking(), whole = sorted.length <= ALL, between = sorted.length - TOP - BOTTOM;
    const shown = (whole ? sorted : [...sorted.slice(0, TOP), { id: "", gap: between, row: [] }, ...sorted.slice(-BOTTOM)]).map((run, at) => ({ ...run, place: at, rank: whole || at < TOP ? at + 1 : sorted.length - (TOP + BOTTOM - at) }));
    const bars = shown.filter((run) => !run.gap), longest = Math.max(...bars.map((run) => run.id.length)), left = Math.min(30 + 7 * longest, Math.max(90, width * 0.4)), most = Math.floor((left - 24) / 6.6);
    const y = (run) => run.place, x = (run) => value(column, run), label = (at) => { const run = shown[at]; return run.gap ? "" : run.id.length > most ? `${run.id.slice(0, most - 1)}…` : run.id; };
    return clicks(Plot.plot({
      ...plots.base, width, height: 60 + (whole && shown.length < 20 ? 24 : 18) * shown.length, marginLeft: left, marginRight: 60, y: { domain: shown.map(y), tickFormat: label, tickSize: 0, label: null }, x: { label: head(column), grid: true, ticks: Math.max(3, Math.round(width / 120)), zero: true },
      marks: [
        Plot.barX(bars, { x, y, fill: "var(--accent)", fillOpacity: 0.8, insetTop: 2, insetBottom: 2 }), Plot.text(bars, { x, y, text: (run) => number(x(run)), dx: 5, textAnchor: "start" }),
        Plot.text(shown.filter((run) => run.gap), { y, text: (run) => `${run.gap.toLocaleString("en")} between`, frameAnchor: "left", dx: 6, fontStyle: "italic" }), Plot.ruleX([0], { stroke: "currentColor", strokeOpacity: 0.4 }),
        Plot.tip(bars, Plot.pointerY({ x, y, title: (run) => `${run.id}\n${column.label}: ${told(column, run)}\nrank ${run.rank} of ${sorted.length}`, fill: "var(--panel)" })),
      ],
    }));
  }
  const rankBox = figure("Ranked", "chart-ranked", ranked.field);
  const rankAgain = plots.into(rankBox, () => {
    const { column, sorted } = ranking();
    return sorted.length ? `${column.label} of ${sorted.length} runs, ranked: from ${told(column, sorted[0])} of ${sorted[0].id} to ${told(column, sorted[sorted.length - 1])} of ${sorted[sorted.length - 1].id}. The table has all.` : "No run has a value.";
  }, drawRanking);
  ranked.select.addEventListener("change", rankAgain);

  /* --- one against another --- */
  const across = chooser("Across", "scatter-x", numeric, first(["runoff_mm_yr", "precip_mm_yr"]).key);
  const up = chooser("up", "scatter-y", numeric, first(["sediment_yield_t_ha_yr", "soil_loss_t_ha_yr"], find(across.select.value)).key);
  const tints = [{ key: "state", label: "state" }, ...(burned ? [{ key: "burned", label: "burned share" }] : [])];
  const tint = chooser("Colour", "scatter-colour", tints, tints[tints.length - 1].key);
  const logs = make("label", "logarithmic"), log = make("input");
  log.type = "checkbox";
  log.id = "scatter-log";
  logs.prepend(log, " ");
  const points = () => { const x = find(across.select.value), y = find(up.select.value); return { x, y, known: runs.filter((run) => value(x, run) !== null && value(y, run) !== null && (!log.checked || (value(x, run) > 0 && value(y, run) > 0))) }; };
  const classOf = (share) => SHARES.filter((bound) => share > bound).length;
  function drawScatter(width) {
    const { x, y, known } = points(), byShare = tint.select.value === "burned", type = log.checked ? "log" : "linear";
    const at = { x: (run) => value(x, run), y: (run) => value(y, run) };
    const fill = (run) => (byShare ? (typeof run.burned === "number" ? `var(--earth-${classOf(run.burned)})` : "none") : `var(${INKS[run.state] || "--waiting"})`);
    const present = [...new Set(known.map((run) => run.state))];
    const legend = byShare
      ? plots.legend([["var(--earth-0)", "not burned"], ...SHARES.map((bound, place) => [`var(--earth-${place + 1})`, `over ${Math.round(100 * bound)} %`]), ["none", "larger: more burned"]])
      : plots.legend(present.map((state) => [`var(${INKS[state] || "--waiting"})`, state.replaceAll("_", " ")]));
    return [legend, clicks(Plot.plot({
      ...plots.base, width, height: Math.min(420, Math.max(280, width * 0.7)), x: { type, label: head(x), grid: true, nice: true, ticks: Math.max(3, Math.round(width / 110)), tickFormat: log.checked ? "~g" : undefined }, y: { type, label: head(y), grid: true, nice: true, ticks: 6, tickFormat: log.checked ? "~g" : undefined },
      r: { type: "identity" }, symbol: { domain: Object.keys(SYMBOLS), range: Object.values(SYMBOLS) },
      marks: [
        Plot.dot(known, { ...at, fill, stroke: "currentColor", strokeOpacity: 0.6, strokeWidth: 0.8, fillOpacity: 0.85, r: byShare ? (run) => 3 + 3 * (run.burned || 0) : 3.5, symbol: byShare ? "circle" : (run) => (SYMBOLS[run.state] ? run.state : "succeeded") }),
        Plot.tip(known, Plot.pointer({ ...at, title: (run) => [run.id, `${x.label}: ${told(x, run)}`, `${y.label}: ${told(y, run)}`, run.state.replaceAll("_", " "), ...(typeof run.burned === "number" ? [`burned ${Math.round(100 * run.burned)} %`] : [])].join("\n"), fill: "var(--panel)" })),
      ],
    }))];
  }
  const scatterBox = figure("One against another", "chart-scatter", across.field, up.field, tint.field, logs);
  const scatterAgain = plots.into(scatterBox, () => { const { x, y, known } = points(); return `${y.label} against ${x.label} of ${known.length} runs. The table has the figures.`; }, drawScatter);
  for (const field of [across.select, up.select, tint.select, log]) field.addEventListener("change", scatterAgain);
})();
