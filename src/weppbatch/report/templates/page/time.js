/* Who ran when: lanes by machine and place on a canvas, since there may be tens of thousands of tasks, and above it how
   many cores were at work with what. The figures stand in the table of the part. */
(() => {
  const box = document.getElementById("time"), canvas = document.getElementById("time-lanes");
  if (!box || !data.time) return;
  const COLOURS = 12, BINS = 240, runs = data.time.runs;
  const STEPS = [0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200, 86400];
  const starts = data.time.starts.map((start) => {
    const [run, task, state, lane, began, length] = ["run", "task", "state", "lane", "began", "length"].map((key) => plots.unpacked({ text: start[key], step: 1 }));
    return { ...start, run, task, state, lane, began: began.map((value) => value / 10), length: length.map((value) => value / 10) };
  });
  const scenario = (name) => name.startsWith("omni.");
  /* Tasks that have a colour: scenarios share one. */
  const families = [...new Set(data.time.tasks.map((name) => (scenario(name) ? "omni." : name)))];
  const familyOf = data.time.tasks.map((name) => families.indexOf(scenario(name) ? "omni." : name));
  const labelOf = (family) => (families[family] === "omni." ? "a scenario" : data.tasks[families[family]] || families[family]);
  const variable = (family) => `--task-${family % COLOURS}`;
  let start = starts[0], from = 0, to = start.span, drag = null, boxes = { left: 0, height: 0, lane: 0 };
  const past = (seconds) => {
    if (seconds < 100) return `${Math.round(seconds * 10) / 10} s`;
    const minutes = Math.floor(seconds / 60);
    return minutes < 100 ? `${minutes}:${String(Math.round(seconds % 60)).padStart(2, "0")} min` : `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, "0")} h`;
  };

  /* Round moments within view, about so many. */
  function ticks(count) {
    const step = STEPS.find((one) => (to - from) / one <= count) || 86400 * Math.ceil((to - from) / count / 86400);
    return d3.range(Math.ceil(from / step) * step, to, step);
  }

  /* --- cores at work: the mean of each bin, by family --- */
  function bins() {
    const width = (to - from) / BINS, sums = families.map(() => new Float64Array(BINS));
    for (let at = 0; at < start.count; at++) {
      const first = Math.max(start.began[at], from), last = Math.min(start.began[at] + start.length[at], to);
      for (let bin = Math.floor((first - from) / width); bin < BINS && from + bin * width < last; bin++)
        if (bin >= 0) sums[familyOf[start.task[at]]][bin] += Math.max(0, Math.min(last, from + (bin + 1) * width) - Math.max(first, from + bin * width)) / width;
    }
    return sums.flatMap((values, family) => [...values].flatMap((cores, bin) => [{ family, at: from + bin * width, until: from + (bin + 1) * width, cores }])).filter(({ cores }) => cores > 1e-6);
  }
  const again = plots.into("chart-cores", () => `Tasks at work over the time of the start, by task; ${start.cores} cores, at work ${Math.round(100 * start.busy)} percent of the time.`, (width) => {
    const work = bins(), most = d3.max(d3.rollup(work, (parts) => d3.sum(parts, ({ cores }) => cores), ({ at }) => at).values()) || 0;
    return Plot.plot({
    ...plots.base, width, height: 150, marginTop: 10, marginBottom: 26, x: { domain: [from, to], label: null, tickFormat: past, ticks: ticks(Math.max(2, width / 110)) }, y: { label: null, ticks: 4, grid: true, domain: [0, Math.max(start.cores, most) * 1.08] },
    color: { domain: families.map((_, family) => family), range: families.map((_, family) => `var(${variable(family)})`) },
    marks: [
      Plot.rectY(work, Plot.stackY({ x1: "at", x2: "until", y: "cores", fill: "family", inset: 0, clip: true, shapeRendering: "crispEdges" })), Plot.ruleY([start.cores], { stroke: "currentColor", strokeDasharray: "4 3" }),
      Plot.ruleY([0], { stroke: "currentColor", strokeOpacity: 0.4 }),
    ],
    });
  });

  /* --- lanes --- */
  function draw() {
    const width = canvas.parentElement.clientWidth, lanes = start.lanes.length;
    if (!width) return;
    const lane = Math.max(2, Math.min(22, Math.floor(420 / lanes))), height = lanes * lane + 2, dense = window.devicePixelRatio || 1;
    boxes = { left: plots.base.marginLeft, right: plots.base.marginRight, lane, width };
    Object.assign(canvas, { width: width * dense, height: height * dense });
    Object.assign(canvas.style, { width: `${width}px`, height: `${height}px` });
    const pen = canvas.getContext("2d"), style = getComputedStyle(document.documentElement), colours = familyOf.map((family) => style.getPropertyValue(variable(family)).trim());
    const failed = style.getPropertyValue("--failed").trim(), paper = style.getPropertyValue("--panel").trim();
    pen.scale(dense, dense);
    pen.fillStyle = paper;
    pen.fillRect(boxes.left, 0, width - boxes.left - boxes.right, height);
    pen.save();
    pen.beginPath();
    pen.rect(boxes.left, 0, width - boxes.left - boxes.right, height);
    pen.clip();
    for (let at = 0; at < start.count; at++) {
      const x = place(start.began[at]), end = place(start.began[at] + start.length[at]);
      if (end < boxes.left || x > width) continue;
      pen.fillStyle = colours[start.task[at]];
      pen.fillRect(x, start.lane[at] * lane + 1, Math.max(0.6, end - x - (end - x > 3 ? 1 : 0)), lane - (lane > 6 ? 2 : 1));
      if (data.time.states[start.state[at]] === "failed") { pen.fillStyle = failed; pen.fillRect(x, start.lane[at] * lane + lane - 4, Math.max(2, end - x), 3); }
    }
    if (drag) { pen.globalAlpha = 0.25; pen.fillStyle = style.getPropertyValue("--accent").trim(); pen.fillRect(Math.min(drag.from, drag.to), 0, Math.abs(drag.to - drag.from), height); }
    pen.restore();
    pen.fillStyle = style.getPropertyValue("--soft").trim();
    pen.font = `11px ${getComputedStyle(document.body).fontFamily}`;
    pen.textBaseline = "middle";
    const every = Math.max(1, Math.ceil(12 / lane));
    start.lanes.forEach(([host, number], at) => {
      if (at % every) return;
      const text = number === 1 || at === 0 ? host : String(number);
      pen.fillText(text.length > 8 ? `${text.slice(0, 7)}…` : text, 0, Math.max(7, at * lane + lane / 2), boxes.left - 4);
    });
    canvas.setAttribute("aria-label", `${start.count} tasks on ${lanes} lanes by machine and place, from ${past(from)} to ${past(to)} after the start. The table below has the times by task.`);
  }
  const inner = () => boxes.width - boxes.left - boxes.right;
  const place = (second) => boxes.left + (second - from) / (to - from) * inner();
  const second = (x) => from + (x - boxes.left) / inner() * (to - from);
  function under(event) {
    const rect = canvas.getBoundingClientRect(), lane = Math.floor((event.clientY - rect.top) / boxes.lane), moment = second(event.clientX - rect.left), slack = 2 * (to - from) / inner();
    let best = -1;
    for (let at = 0; at < start.count; at++)
      if (start.lane[at] === lane && start.began[at] - slack <= moment && moment <= start.began[at] + start.length[at] + slack && (best < 0 || start.length[at] > start.length[best])) best = at;
    return best;
  }
  function view(next, end) {
    const span = Math.min(Math.max(end - next, 0.5), start.span);
    from = Math.min(Math.max(next, 0), start.span - span);
    to = from + span;
    draw();
    again();
  }
  const tip = document.getElementById("tip");
  canvas.addEventListener("pointermove", (event) => {
    const x = event.clientX - canvas.getBoundingClientRect().left;
    if (drag) { drag.to = x; draw(); return; }
    const at = under(event);
    canvas.style.cursor = at < 0 ? "crosshair" : "pointer";
    tip.hidden = at < 0;
    if (at < 0) return;
    const name = data.time.tasks[start.task[at]];
    tip.replaceChildren(...[`${data.tasks[name] || name} of ${runs[start.run[at]]}`, `${past(start.length[at])}, from ${past(start.began[at])} on`, data.time.states[start.state[at]].replaceAll("_", " ")].map((text) => make("div", text)));
    tip.style.left = `${Math.min(event.clientX + 14, innerWidth - tip.offsetWidth - 8)}px`;
    tip.style.top = `${Math.min(event.clientY + 14, innerHeight - tip.offsetHeight - 8)}px`;
  });
  canvas.addEventListener("pointerleave", () => { tip.hidden = true; });
  canvas.addEventListener("pointerdown", (event) => {
    const x = event.clientX - canvas.getBoundingClientRect().left;
    drag = { from: x, to: x };
    canvas.setPointerCapture(event.pointerId);
  });
  canvas.addEventListener("pointerup", (event) => {
    const done = drag;
    drag = null;
    if (!done) return;
    if (Math.abs(done.to - done.from) > 6) return view(second(Math.min(done.from, done.to)), second(Math.max(done.from, done.to)));
    const at = under(event);
    draw();
    if (at >= 0) location.hash = `#run=${encodeURIComponent(runs[start.run[at]])}`;
  });
  const span = () => to - from;
  const acts = { in: () => view(from + span() / 4, to - span() / 4), out: () => view(from - span() / 2, to + span() / 2), before: () => view(from - span() / 2, to - span() / 2), after: () => view(from + span() / 2, to + span() / 2), all: () => view(0, start.span) };
  for (const button of box.querySelectorAll("[data-time]")) button.addEventListener("click", acts[button.dataset.time]);
  const pick = document.getElementById("time-start");
  if (pick) {
    pick.append(...starts.map((one, at) => new Option(`${new Date(one.began * 1000).toISOString().slice(0, 16).replace("T", " ")} UTC, ${one.count} tasks`, at)));
    pick.addEventListener("change", () => { start = starts[Number(pick.value)]; view(0, start.span); });
  }
  const most = starts.reduce((best, one) => (one.count > best.count ? one : best), starts[0]);
  start = most;
  to = start.span;
  if (pick) pick.value = String(starts.indexOf(most));
  document.getElementById("time-legend").replaceChildren(plots.legend([...families.map((_, family) => [`var(${variable(family)})`, labelOf(family)]), ...(data.time.states.includes("failed") ? [["var(--failed)", "failed, underlined", "line"]] : [])]));
  draw();
  new ResizeObserver(() => { if (canvas.parentElement.clientWidth !== boxes.width) requestAnimationFrame(draw); }).observe(canvas.parentElement);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  document.addEventListener("theme", draw);
  addEventListener("beforeprint", draw);
})();
