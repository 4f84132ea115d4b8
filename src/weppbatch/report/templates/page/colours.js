/* What colours the map and what its tooltips say: measures of watersheds and of hillslopes, each with a head, the class
   of an element, and its legend, in the units of the switch. Draws nothing. */

/* At most five bounds, ascending, each 1, 2 or 5 times a power of ten, from [least, quantiles ..., largest]: the round
   numbers nearest to the quantiles that have values on both sides. As `round_bounds` of report/scales.py. */
function roundBounds(spread) {
  const round = (value) => {
    const power = Math.floor(Math.log10(value)), near = (step) => Math.abs(Math.log(step / value));
    return [1, 2, 5, 10].map((step) => Number(`${step}e${power}`)).reduce((best, step) => near(step) < near(best) ? step : best);
  };
  const found = new Set(spread.slice(1, -1).filter((value) => value > 0).map(round));
  return [...found].sort((a, b) => a - b).filter((bound) => bound > spread[0] && bound <= spread.at(-1));
}
/* Least, quantiles of the positive ones, largest; empty without a positive one. As `spread` of report/scales.py. */
function spreadOf(values) {
  const known = values.filter((value) => value !== null && value !== undefined).sort((a, b) => a - b);
  const positive = known.filter((value) => value > 0);
  const quantile = (share) => {
    const at = (positive.length - 1) * share, below = Math.floor(at);
    return positive[below] + (at - below) * (positive[Math.ceil(at)] - positive[below]);
  };
  return positive.length ? [known[0], ...[0.15, 0.35, 0.6, 0.8, 0.95].map(quantile), known.at(-1)] : [];
}

function mapColours(drawing, { measures = [], stateOf = null, states = [] }) {
  const { kinds, severities } = drawing.words, CLASSES = 6;
  const wanted = { run: null, part: null }; // what the reader last chose, for watersheds and for hillslopes
  const known = (value) => value !== null && value !== undefined;
  const of = { part: (measure) => (part) => part[measure.key], run: (measure) => (run) => measure.of(run.id) };
  const figure = ({ unit = "", percent, digits }, value) => percent ? `${units.shown(value * 100, "", digits)} %` : `${units.shown(value, unit, digits)} ${units.label(unit)}`.trim();

  /* A result in classes; fewer classes than colours take those furthest apart. */
  function classed(measure, valueOf) {
    const { key, label, unit = "", ramp = "slope", reverse, percent, group } = measure, own = percent ? 100 : 1;
    const inUnits = (value) => units.convert(value * own, unit);
    let system = null, bounds = [];
    const boundsNow = () => {
      if (system !== units.system) [system, bounds] = [units.system, measure.bounds ? measure.bounds.map(inUnits) : roundBounds((measure.spread || []).map(inUnits))];
      return bounds;
    };
    const shade = (at) => {
      const place = bounds.length ? Math.round((at * (CLASSES - 1)) / bounds.length) : 2;
      return `filled ${ramp}-${reverse ? CLASSES - 1 - place : place}`;
    };
    const text = (bound) => Number(bound.toPrecision(4)).toLocaleString("en", { maximumSignificantDigits: 4 }) + (percent ? " %" : "");
    const name = (value) => {
      const all = boundsNow();
      return known(value) ? shade(all.filter((bound) => inUnits(value) >= bound).length) : "filled unknown";
    };
    function legend(elements) {
      const all = boundsNow(), some = all.length ? [...all.keys(), all.length] : [0];
      const words = (at) => !all.length ? "about the same everywhere" : at === 0 ? `under ${text(all[0])}` : at < all.length ? `${text(all[at - 1])} to ${text(all[at])}` : `${text(all[at - 1])} and more`;
      return [...some.map((at) => [shade(at), words(at)]), ...(elements.some((element) => !known(valueOf(element))) ? [["filled unknown", "no result"]] : [])];
    }
    return { key, label, group, ramp, result: ramp !== "slope", unit: () => units.label(unit), name: (element) => name(valueOf(element)), legend };
  }
  /* Named things: `valueOf` an element's, `names` what there is, as [value, class, text]. */
  function named(key, label, valueOf, names) {
    const classes = new Map(names.map(([value, name]) => [value, name])), used = (elements) => new Set(elements.map(valueOf));
    return {
      key, label, group: "", result: false, unit: () => "", name: (element) => classes.get(valueOf(element)) || "filled unknown",
      legend: (elements) => { const here = used(elements); return names.filter(([value]) => here.has(value)).map(([, name, text]) => [name, text]); },
    };
  }
  const STATE = stateOf && named("state", "State", (run) => stateOf(run.id), states.map((state) => [state, "area " + state, state.replaceAll("_", " ")]));
  const kindOf = (part) => known(part.land) ? drawing.land[part.land][1] : "other";
  const NAMED = [
    [named("land", "Land use", kindOf, Object.entries(kinds).map(([kind, text]) => [kind, "filled kind-" + kind, text])), (part) => known(part.land)],
    [named("burn", "Burn severity (map)", (part) => part.burn, severities.map((text, at) => [at, "filled severity-" + at, text])), (part) => part.burn > 0],
    [named("texture", "Soil texture", (part) => part.texture, drawing.textures.map((text, at) => [at, `filled texture-${at % 8}`, text])), (part) => known(part.texture)],
  ];
  const RUNS = measures.map((measure) => classed({ ...measure, spread: spreadOf(drawing.runs.map((run) => measure.of(run.id))) }, of.run(measure)));
  const PARTS = drawing.parts.map((measure) => [classed(measure, of.part(measure)), of.part(measure)]);

  /* What watersheds, or the hillslopes given, can be coloured by; the first is shown unless the reader chose. */
  function choices(parts) {
    if (!parts.length) return [...RUNS, ...(STATE ? [STATE] : [])];
    const some = ([, has]) => parts.some((part) => known(has(part)) && has(part) !== false);
    const figures = PARTS.filter(some).map(([measure]) => measure), names = NAMED.filter(some).map(([measure]) => measure);
    return [...figures.filter(({ ramp }) => ramp !== "slope"), ...names, ...figures.filter(({ ramp }) => ramp === "slope")];
  }
  function now(parts) {
    const all = choices(parts), key = wanted[parts.length ? "part" : "run"];
    return all.find((choice) => choice.key === key) || all[0] || named("none", "", () => null, []);
  }
  function want(parts, key) { wanted[parts.length ? "part" : "run"] = key; }

  /* --- tooltips --- */
  const lines = (all, element) => all.filter(({ key }) => known(element[key])).map((measure) => `${measure.label}: ${figure(measure, element[measure.key])}`);
  function aboutPart(part) {
    const names = [known(part.land) && drawing.land[part.land][0], part.burn > 0 && `Burn severity (map): ${severities[part.burn]}`, known(part.texture) && `Soil: ${drawing.textures[part.texture]}`];
    return [`Hillslope ${part.topaz_id}, ${part.position}`, ...lines(drawing.parts, part), ...names.filter(Boolean)];
  }
  function aboutChannel([topaz, ...figures], order) {
    return [`Channel ${topaz}, order ${order}`, ...lines(drawing.channels, Object.fromEntries(drawing.channels.map(({ key }, at) => [key, figures[at]])))];
  }
  return { choices, now, want, aboutPart, aboutChannel, figure };
}
