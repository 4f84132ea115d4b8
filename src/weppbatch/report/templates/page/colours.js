/* What colours the map and what its tooltips say: measures of watersheds and of hillslopes, each with a head, the class
   of an element, and its legend. Draws nothing. */

function mapColours(shapes, statusOf) {
  const SLOPES = [10, 20, 30, 40, 50]; // %, upper bounds of the legend's classes
  const SIZES = 6, LAND_AT = 9, BURN_AT = 11; // where a hillslope's results and names stand in its row
  const wanted = { run: null, part: null }; // what the reader last chose, for watersheds and for hillslopes
  const kindOfChoice = (run) => run && run.s.length ? "part" : "run";
  const known = (value) => value !== null && value !== undefined;
  const number = (value) => value.toLocaleString("en", { maximumSignificantDigits: 4 });
  const classOf = (bounds, value) => bounds.filter((bound) => value >= bound).length;
  /* A result in classes: `of` gives an element's value; fewer classes than colours take those furthest apart. */
  function classed({ key, label, unit, ramp, bounds, percent }, of) {
    const shade = (at) => `filled ${ramp}-${bounds.length ? Math.round((at * 5) / bounds.length) : 2}`;
    const text = (bound) => percent ? number(bound * 100) + " %" : number(bound);
    return {
      key, label, unit,
      name: (element) => known(of(element)) ? shade(classOf(bounds, of(element))) : "filled unknown",
      legend: (elements) => [
        ...[...bounds.keys(), bounds.length].map((at) => [shade(at), !bounds.length ? "about the same everywhere" : at === 0 ? `under ${text(bounds[0])}` : at < bounds.length ? `${text(bounds[at - 1])} to ${text(bounds[at])}` : `${text(bounds[at - 1])} and more`]),
        ...(elements.some((element) => !known(of(element))) ? [["filled unknown", "no result"]] : []),
      ],
    };
  }
  const STATE = {
    key: "state", label: "State", unit: "", name: (run) => statusOf(run.id),
    legend: (runs) => Object.keys(data.states).filter((status) => runs.some((run) => statusOf(run.id) === status)).map((status) => ["area " + status, status.replace("_", " ")]),
  };
  const SLOPE = {
    key: "slope", label: "Slope", unit: "", name: (part) => "slope-" + classOf(SLOPES, part[5]),
    legend: () => [0, ...SLOPES].map((from, at) => ["slope-" + at, at < SLOPES.length ? `${from}–${SLOPES[at]} %` : `over ${from} %`]),
  };
  const kindOf = (part) => !known(part[LAND_AT]) ? "other" : data.map.land[part[LAND_AT]][1];
  const LAND = {
    key: "land", label: "Land use", unit: "", name: (part) => "filled kind-" + kindOf(part),
    legend: (parts) => Object.entries(data.map.measures.kinds).filter(([kind]) => parts.some((part) => kindOf(part) === kind)).map(([kind, text]) => ["filled kind-" + kind, text]),
  };
  const BURN = {
    key: "burn", label: "Burn severity (map)", unit: "", name: (part) => "filled severity-" + part[BURN_AT],
    legend: (parts) => data.map.measures.severities.map((text, at) => ["filled severity-" + at, text, at]).filter(([, , at]) => parts.some((part) => part[BURN_AT] === at)),
  };
  const RESULTS = data.map.measures.run.map((measure, at) => classed({ ...measure, percent: !measure.unit }, (run) => run.v ? run.v[at] : null))
    .filter((_, at) => shapes.some((run) => run.v && run.v[at] !== null && (data.map.measures.run[at].unit || run.v[at] > 0)));
  const PARTS = data.map.measures.part.map((measure, at) => [classed(measure, (part) => part[SIZES + at]), (part) => part[SIZES + at]]);
  const some = (parts, of) => parts.some((part) => known(of(part)));
  /* What watersheds, or a chosen one's hillslopes, can be coloured by; the first is shown unless the reader chose. */
  function choices(run) {
    if (kindOfChoice(run) === "run") return [...RESULTS, STATE];
    const results = PARTS.filter(([, of]) => some(run.s, of)).map(([measure]) => measure);
    const land = some(run.s, (part) => part[LAND_AT]) ? [LAND] : [];
    return [...results, SLOPE, ...land, ...(run.s.some((part) => part[BURN_AT] > 0) ? [BURN] : [])];
  }
  const of = (run) => choices(run).find(({ key }) => key === wanted[kindOfChoice(run)]) || choices(run)[0];
  const want = (run, key) => { wanted[kindOfChoice(run)] = key; };

  /* --- tooltips --- */
  const line = (label, value, unit) => !known(value) ? [] : [`${label}: ${number(value)} ${unit}`];
  function aboutPart([, topaz, position, area, length, slope, loss, runoff, yielded, land, texture, burn]) {
    const named = (value, text) => known(value) ? [text(value)] : [];
    return [
      `Hillslope ${topaz}, ${position}`, ...line("Soil loss", loss, "t/ha/yr"), ...line("Sediment yield", yielded, "t/ha/yr"), ...line("Surface runoff", runoff, "mm/yr"),
      ...named(land, (at) => data.map.land[at][0]), ...(burn > 0 ? [`Burn severity (map): ${data.map.measures.severities[burn]}`] : []), ...named(texture, (at) => data.map.textures[at]),
      `${area} ha`, `${length} m long`, `slope ${slope} %`,
    ];
  }
  function aboutChannel([topaz, length, flow, peak, yielded], order) {
    return [`Channel ${topaz}, order ${order}`, `${number(length)} m long`, ...line("Streamflow", flow, "mm/yr"), ...line("Largest peak", peak, "m³/s"), ...line("Sediment yield", yielded, "t/yr")];
  }
  return { choices, of, want, aboutPart, aboutChannel };
}
