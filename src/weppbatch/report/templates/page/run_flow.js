/* The hydrograph of a run: the whole record as an overview with a brush, and a chosen stretch of days above it. */
(() => {
  if (!data.flow) return;
  const rain = plots.unpacked(data.flow.rain), flow = plots.unpacked(data.flow.flow), base = plots.unpacked(data.flow.base);
  const first = data.flow.first, count = flow.length;
  const MOST_DAYS = 1100; // of a stretch that is drawn day by day; a longer one by the largest of some days
  const yearOf = (at) => plots.date(first + at).getUTCFullYear();
  const years = [];
  for (let at = 0; at < count; at++) if (!at || yearOf(at) !== years[years.length - 1].year) years.push({ year: yearOf(at), from: at });
  years.forEach((entry, at) => { entry.to = at + 1 < years.length ? years[at + 1].from : count; });
  const largest = flow.reduce((best, value, at) => (value > flow[best] ? at : best), 0);
  let shown = years.find((entry) => entry.to > largest), logarithmic = false, brush = null;

  /* The days from one to before another, or groups of them: the rain's sum and the flow's largest would not compare, so
     a group has its wettest day, its largest flow, and that day's baseflow. */
  function grouped(from, to, most) {
    const size = Math.max(1, Math.ceil((to - from) / most)), found = [];
    for (let at = from; at < to; at += size) {
      let peak = at, wet = at;
      for (let day = at; day < Math.min(at + size, to); day++) {
        if (flow[day] > flow[peak]) peak = day;
        if (rain[day] > rain[wet]) wet = day;
      }
      found.push({ from: plots.date(first + at), to: plots.date(first + Math.min(at + size, to)), at: plots.date(first + peak), size, rain: units.convert(rain[wet], "mm"), flow: units.convert(flow[peak], "m³/s"), base: units.convert(base[peak], "m³/s"), raw: [rain[peak], flow[peak], base[peak]] });
    }
    return found;
  }
  const ticks = (from, to) => {
    const days = to - from;
    return (date) => days > 800 ? plots.yearText(date.getUTCFullYear())
      : days > 100 ? plots.MONTHS[date.getUTCMonth()] + (date.getUTCMonth() ? "" : `\n${plots.yearText(date.getUTCFullYear())}`)
        : `${date.getUTCDate()} ${plots.MONTHS[date.getUTCMonth()]}`;
  };
  /* What an axis shows, inside the frame, where nothing runs into it. */
  const inside = (text, side) => Plot.text([text], { frameAnchor: `${side}-left`, dx: 6, dy: side === "top" ? -2 : -4, text: (words) => words, fill: "currentColor", stroke: "var(--ground)", strokeWidth: 4 });
  const told = (entry) => [plots.dayText(entry.at), `outflow ${plots.told(entry.raw[1], "m³/s")}`, `of it baseflow ${plots.told(entry.raw[2], "m³/s")}`, `rain and snow ${plots.told(entry.raw[0], "mm")}`].join("\n");
  function drawStretch(width) {
    const days = grouped(shown.from, shown.to, MOST_DAYS), domain = [plots.date(first + shown.from), plots.date(first + shown.to)];
    const x = { type: "utc", domain, label: null, tickFormat: ticks(shown.from, shown.to), ticks: Math.max(3, Math.round(width / 90)) };
    const least = Math.max(data.flow.flow.step, 1e-4) * units.of("m³/s").factor;
    const above = (key) => (entry) => (logarithmic ? Math.max(entry[key], least) : entry[key]);
    const rainAbove = Plot.plot({
      ...plots.base, width, height: 84, marginBottom: 4, x: { ...x, axis: null }, marginTop: 8, y: { reverse: true, label: null, ticks: 3, nice: true },
      marks: [Plot.rectY(days, { x1: "from", x2: "to", y: "rain", fill: "var(--chart-rain)", insetLeft: days.length > 200 ? 0 : 0.5 }), Plot.ruleY([0], { stroke: "currentColor", strokeOpacity: 0.4 }), inside(plots.axis("Rain and snow", "mm"), "bottom")],
    });
    const step = { curve: days.length > 120 ? "linear" : "monotone-x" };
    const below = Plot.plot({
      ...plots.base, width, height: width < 500 ? 220 : 290, x, marginTop: 8, marginBottom: 34, y: { type: logarithmic ? "log" : "linear", label: null, grid: true, nice: true, ticks: 6 },
      marks: [
        ...(logarithmic ? [] : [Plot.areaY(days, { x: "at", y: "flow", fill: "var(--water-4)", fillOpacity: 0.25, ...step }), Plot.areaY(days, { x: "at", y: "base", fill: "var(--chart-et)", fillOpacity: 0.45, ...step })]),
        Plot.lineY(days, { x: "at", y: above("flow"), stroke: "var(--water-4)", strokeWidth: 1.4, ...step }),
        Plot.lineY(days, { x: "at", y: above("base"), stroke: "var(--chart-et)", strokeDasharray: "4 2", ...step }),
        ...(logarithmic ? [] : [Plot.ruleY([0], { stroke: "currentColor", strokeOpacity: 0.4 })]),
        inside(plots.axis("Outflow", "m³/s"), "top"),
        Plot.ruleX(days, Plot.pointerX({ x: "at", stroke: "currentColor", strokeOpacity: 0.3 })),
        Plot.tip(days, Plot.pointerX({ x: "at", y: above("flow"), title: told, fill: "var(--panel)" })),
      ],
    });
    const grouping = days[0] && days[0].size > 1 ? make("p", `Each point is the largest day of ${days[0].size}.`, "note") : null;
    return [plots.legend([["var(--chart-rain)", "rain and snow"], ["var(--water-4)", "outflow", "line"], ["var(--chart-et)", "of it baseflow", "line dashed"]]), rainAbove, below, grouping];
  }
  function drawAll(width) {
    const groups = grouped(0, count, Math.round(width / 1.5)), domain = [plots.date(first), plots.date(first + count)];
    const svg = Plot.plot({
      ...plots.base, width, height: 84, marginBottom: 22, x: { type: "utc", domain, label: null, tickFormat: (date) => plots.yearText(date.getUTCFullYear()), ticks: Math.max(2, Math.round(width / 110)) }, y: { label: null, ticks: 2 },
      marks: [Plot.rectY(groups, { x1: "from", x2: "to", y: "flow", fill: "var(--water-4)" }), Plot.ruleY([0], { stroke: "currentColor", strokeOpacity: 0.4 }), inside("Whole record: largest outflow, " + units.label("m³/s"), "top")],
    });
    const scale = svg.scale("x"), dayAt = (pixel) => Math.round((scale.invert(pixel) - plots.date(first)) / 86400000);
    brush = d3.brushX().extent([[plots.base.marginLeft, plots.base.marginTop], [width - 20, 62]]).on("end", (event) => {
      if (!event.sourceEvent) return;
      const [from, to] = event.selection ? event.selection.map(dayAt) : [0, count];
      choose({ from: Math.max(0, from), to: Math.min(count, Math.max(to, from + 7)) });
    });
    const layer = d3.select(svg).append("g").call(brush);
    svg.mark = () => layer.call(brush.move, shown.to - shown.from >= count ? null : [shown.from, shown.to].map((at) => scale.apply(plots.date(first + at))));
    svg.mark();
    return svg;
  }
  const stretchText = () => `${plots.dayText(plots.date(first + shown.from))} to ${plots.dayText(plots.date(first + shown.to - 1))}`;
  const stretch = plots.into("chart-flow", () => {
    let peak = shown.from;
    for (let at = shown.from; at < shown.to; at++) if (flow[at] > flow[peak]) peak = at;
    return `Rain and outflow at the outlet, ${stretchText()}; the largest daily mean is ${plots.told(flow[peak], "m³/s")} on ${plots.dayText(plots.date(first + peak))}.`;
  }, drawStretch);
  plots.into("chart-flow-all", () => `The largest outflows of the whole record of ${years.length} years; the stretch above is marked.`, drawAll);

  const pick = document.getElementById("flow-stretch");
  pick.append(new Option("whole record", "all"), ...years.map((entry, at) => new Option(plots.yearText(entry.year), at)), new Option("as chosen", "own"));
  function choose(next) {
    shown = next;
    const at = years.findIndex((entry) => entry.from === next.from && entry.to === next.to);
    pick.value = at >= 0 ? String(at) : next.to - next.from >= count ? "all" : "own";
    stretch();
    const svg = document.querySelector("#chart-flow-all svg");
    if (svg) svg.mark();
  }
  function move(by) {
    const length = shown.to - shown.from, at = years.findIndex((entry) => entry.from === shown.from && entry.to === shown.to);
    if (at >= 0) return choose(years[Math.min(Math.max(at + by, 0), years.length - 1)]);
    const from = Math.min(Math.max(0, shown.from + by * length), Math.max(0, count - length));
    choose({ from, to: from + length });
  }
  pick.addEventListener("change", () => { if (pick.value !== "own") choose(pick.value === "all" ? { from: 0, to: count } : years[Number(pick.value)]); });
  document.getElementById("flow-before").addEventListener("click", () => move(-1));
  document.getElementById("flow-after").addEventListener("click", () => move(1));
  document.getElementById("flow-largest").addEventListener("click", () => choose({ from: Math.max(0, largest - 20), to: Math.min(count, largest + 25) }));
  document.getElementById("flow-log").addEventListener("change", (event) => { logarithmic = event.target.checked; stretch(); });
  pick.value = String(years.indexOf(shown));
})();
