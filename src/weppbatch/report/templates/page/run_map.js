/* The map of one run's own page (parts/run_map.html.j2): `data.map` holds that run alone. */
const runMap = (() => {
  const at = (id) => document.getElementById(id), [run] = data.map ? data.map.runs : [];
  if (!run || !run.b || !at("map-view")) return null;
  const by = at("map-by");
  const map = batchMap(at("map-view"), data.map, { only: run.id, legend: at("map-legend"), layers: at("map-layers") });
  at("map-view").addEventListener("map-chosen", () => offerColours(by, map));
  by.addEventListener("change", () => map.colourBy(by.value));
  return map;
})();
