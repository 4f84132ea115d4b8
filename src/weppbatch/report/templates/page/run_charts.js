/* The charts of a run beside its hydrograph: balance, events, return periods, hillslopes, scenarios, ash. Each has the
   table of its figures beside it. */
(() => {
  const TERMS = [
    ["et", "evapotranspiration", "var(--chart-et)"], ["deep", "lost to depth", "var(--chart-deep)"], ["baseflow", "baseflow", "var(--water-2)"],
    ["lateral", "lateral flow", "var(--water-3)"], ["channels", "rain on channels", "var(--water-1)"], ["runoff", "surface runoff", "var(--water-5)"],
  ];
  const zero = () => Plot.ruleY([0], { stroke: "currentColor", strokeOpacity: 0.4 });

  /* --- water balance --- */
  function balance(rows, width, ticks) {
    const present = TERMS.filter(([key]) => rows.some((row) => row[key] > 0.05));
    const parts = rows.flatMap((row) => present.map(([key, label]) => ({ label: row.label, term: label, depth: units.convert(row[key], "mm"), row })));
    const whole = rows.map((row) => ({ label: row.label, depth: units.convert(row.precip, "mm"), row }));
    const told = ({ row, label }) => [/^\d+$/.test(label) ? plots.yearText(Number(label)) : label, `rain and snow ${plots.told(row.precip, "mm")}`, ...present.map(([key, name]) => `${name} ${plots.told(row[key], "mm")}`), `storage change ${plots.told(row.storage, "mm")}`].join("\n");
    return [
      plots.legend([...present.map(([, label, colour]) => [colour, label]), ["var(--chart-mark)", "rain and snow; what is missing to it or beyond went into or came from storage", "line"]]),
      Plot.plot({
        ...plots.base, width, height: 270, x: { domain: rows.map((row) => row.label), label: null, ticks, padding: 0.15 }, y: { label: plots.axis("Depth", "mm"), grid: true },
        color: { domain: present.map(([, label]) => label), range: present.map(([, , colour]) => colour) },
        marks: [
          Plot.barY(parts, Plot.stackY({ x: "label", y: "depth", fill: "term", order: present.map(([, label]) => label) })),
          Plot.tickY(whole, { x: "label", y: "depth", stroke: "var(--chart-mark)", strokeWidth: 2.5 }), zero(),
          Plot.tip(whole, Plot.pointerX({ x: "label", y: "depth", title: told, fill: "var(--panel)" })),
        ],
      }),
    ];
  }
  if (data.balance) {
    const mean = (rows, key) => d3.mean(rows, (row) => row[key]);
    const { years, months } = data.balance, step = (width) => Math.ceil(years.length / (width / 34));
    plots.into("chart-years", () => `Water balance of each of ${years.length} years: on average ${plots.told(mean(years, "precip"), "mm")} of rain and snow, of which ${plots.told(mean(years, "et"), "mm")} evaporates and ${plots.told(mean(years, "runoff"), "mm")} runs off the surface. The table has all years.`, (width) => balance(years, width, years.filter((_, at) => at % step(width) === 0).map((row) => row.label)));
    const wettest = d3.greatest(months, (row) => row.precip), driest = d3.least(months, (row) => row.precip);
    plots.into("chart-months", () => `Mean water balance of each month; ${wettest.label} is the wettest with ${plots.told(wettest.precip, "mm")}, ${driest.label} the driest with ${plots.told(driest.precip, "mm")}.`, (width) => balance(months, width, undefined));
  }

  /* --- events --- */
  if (data.events) {
    const points = data.events.points.map(([day, runoff, sediment, peak]) => ({ day, runoff, sediment, peak })), drawn = points.filter((point) => point.runoff > 0 && point.sediment > 0);
    const told = (point) => [plots.dayText(plots.date(point.day)), `runoff ${plots.told(point.runoff, "mm")}`, `peak ${plots.told(point.peak, "m³/s")}`, `sediment ${plots.told(point.sediment, "t")}`].join("\n");
    plots.into("chart-events", () => `Sediment against surface runoff of ${drawn.length} events at the outlet, both on logarithmic scales; the largest are in the table.`, (width) => [
      Plot.plot({
        ...plots.base, width, height: 330, x: { type: "log", label: plots.axis("Runoff", "mm"), grid: true, ticks: 5, tickFormat: "~g" }, y: { type: "log", label: plots.axis("Sediment", "t"), grid: true, ticks: 5, tickFormat: "~g" },
        marks: [
          Plot.dot(drawn, { x: (point) => units.convert(point.runoff, "mm"), y: (point) => units.convert(point.sediment, "t"), r: 2.6, fill: "var(--earth-4)", fillOpacity: 0.45 }),
          Plot.tip(drawn, Plot.pointer({ x: (point) => units.convert(point.runoff, "mm"), y: (point) => units.convert(point.sediment, "t"), title: told, fill: "var(--panel)" })),
        ],
      }),
      drawn.length < points.length ? make("p", `${points.length - drawn.length} without sediment are not drawn.`, "note") : null,
    ]);
  }

  /* --- return periods --- */
  const periodAxis = (years) => ({ type: "log", domain: [years[0], Math.max(years[years.length - 1], years[0] * 2)], ticks: years, tickFormat: (year) => String(year), label: "Return period, years" });
  if (data.periods) for (const { key, label, unit, values } of data.periods.quantities) {
    const points = data.periods.years.map((years, at) => ({ years, value: values[at] })).filter((point) => point.value !== null), last = points[points.length - 1];
    plots.into(`chart-period-${key}`, () => `${label} by return period: ${plots.told(points[0].value, unit)} for ${points[0].years} years, ${plots.told(last.value, unit)} for ${last.years}.`, (width) => Plot.plot({
      ...plots.base, width, height: 200, x: periodAxis(data.periods.years), y: { label: null, grid: true, zero: true, ticks: 5 },
      marks: [
        Plot.lineY(points, { x: "years", y: (point) => units.convert(point.value, unit), stroke: "var(--accent)" }), Plot.dot(points, { x: "years", y: (point) => units.convert(point.value, unit), fill: "var(--accent)", r: 3.5 }), zero(),
        Plot.tip(points, Plot.pointerX({ x: "years", y: (point) => units.convert(point.value, unit), title: (point) => `${point.years} years\n${plots.told(point.value, unit)}`, fill: "var(--panel)" })),
      ],
    }));
  }

  /* --- hillslopes --- */
  if (data.hillslopes && data.hillslopes.curve.length) {
    const { curve, half_area: half } = data.hillslopes, percent = (share) => `${Math.round(100 * share)} %`;
    plots.into("chart-shares", () => `Cumulative share of ${data.hillslopes.label.toLowerCase()} against that of the area: half of it comes from ${(100 * half).toFixed(1)} percent of the area.`, (width) => Plot.plot({
      ...plots.base, width, height: 300, x: { label: "Share of the hillslopes' area", tickFormat: percent, domain: [0, 1], ticks: 5 }, y: { label: "Share of the whole", tickFormat: percent, domain: [0, 1], grid: true, ticks: 5 },
      marks: [
        Plot.line([[0, 0], [1, 1]], { stroke: "currentColor", strokeOpacity: 0.4, strokeDasharray: "3 3" }), Plot.areaY(curve, { x: "0", y: "1", fill: "var(--earth-3)", fillOpacity: 0.25 }), Plot.lineY(curve, { x: "0", y: "1", stroke: "var(--earth-4)", strokeWidth: 2 }),
        Plot.dot([[half, 0.5]], { x: "0", y: "1", fill: "var(--earth-4)", r: 4 }), Plot.text([[half, 0.5]], { x: "0", y: "1", dx: 10, textAnchor: "start", text: () => `half from ${(100 * half).toFixed(1)} %` }),
        Plot.tip(curve, Plot.pointerX({ x: "0", y: "1", title: ([area, share]) => `${percent(area)} of the area\n${percent(share)} of the whole`, fill: "var(--panel)" })),
      ],
    }));
  }

  /* --- scenarios --- */
  if (data.scenarios) {
    const { figures, lines, base } = data.scenarios, pick = document.getElementById("scenario-by"), name = (line) => (line.name === base ? "as it is" : line.name);
    pick.append(...figures.map(({ label, unit }, at) => new Option(`${label}, ${unit}`, at)));
    const chosen = () => figures[Number(pick.value)];
    const again = plots.into("chart-scenarios", () => `${chosen().label} of ${lines.length} scenarios: ${lines.map((line) => `${name(line)} ${plots.told(line.figures[chosen().key].value, chosen().unit)}`).join(", ")}.`, (width) => {
      const { key, label, unit } = chosen(), value = (line) => units.convert(line.figures[key].value, unit);
      const change = (line) => { const found = line.figures[key].difference_percent; return line.name === base || found === null ? "" : ` (${Math.abs(found) < 0.5 ? "±" : found > 0 ? "+" : "−"}${Math.abs(found).toFixed(0)} %)`; };
      return Plot.plot({
        ...plots.base, width, height: 50 + 26 * lines.length, marginLeft: Math.min(190, width * 0.38), marginRight: 130, x: { label: plots.axis(label, unit), grid: true, zero: true, ticks: 5 }, y: { domain: lines.map(name), label: null },
        marks: [
          Plot.barX(lines, { y: name, x: value, fill: (line) => (line.name === base ? "var(--accent)" : "var(--earth-3)"), insetTop: 2, insetBottom: 2 }),
          Plot.text(lines, { y: name, x: value, dx: 6, textAnchor: "start", text: (line) => plots.told(line.figures[key].value, unit) + change(line) }), Plot.ruleX([0], { stroke: "currentColor", strokeOpacity: 0.4 }),
        ],
      });
    });
    pick.addEventListener("change", again);
    document.addEventListener("units", () => [...pick.options].forEach((option, at) => { option.textContent = plots.axis(figures[at].label, figures[at].unit); }));
  }

  /* --- ash --- */
  if (data.ash && data.ash.years.length) {
    const COLOURS = ["var(--earth-4)", "var(--stale)", "var(--accent)", "var(--waiting)"], { years, periods } = data.ash;
    const points = periods.flatMap(({ label, values }, kind) => values.map((value, at) => ({ label, kind, years: years[at], value }))).filter((point) => point.value !== null);
    plots.into("chart-ash", () => `Ash that is moved, by return period over the fires: ${periods.map(({ label, values }) => `${label.toLowerCase()} ${plots.told(values[0], "t")} for ${years[0]} years`).join("; ")}.`, (width) => [
      plots.legend(periods.map(({ label }, kind) => [COLOURS[kind], label, "line"])),
      Plot.plot({
        ...plots.base, width, height: 250, x: { ...periodAxis(years), label: "One fire in" }, y: { label: plots.axis("Ash", "t"), grid: true, zero: true },
        marks: [
          ...periods.flatMap((_, kind) => {
            const own = points.filter((point) => point.kind === kind), at = { x: "years", y: (point) => units.convert(point.value, "t") };
            return [Plot.lineY(own, { ...at, stroke: COLOURS[kind], strokeDasharray: ["", "4 3", "1 3", "6 2"][kind] }), Plot.dot(own, { ...at, fill: COLOURS[kind], symbol: ["circle", "square", "triangle", "diamond"][kind], r: 3.5 })];
          }), zero(),
          Plot.tip(points, Plot.pointer({ x: "years", y: (point) => units.convert(point.value, "t"), title: (point) => `${point.label}\none fire in ${point.years}: ${plots.told(point.value, "t")}`, fill: "var(--panel)" })),
        ],
      }),
    ]);
  }
})();
