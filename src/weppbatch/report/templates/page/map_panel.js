/* The index page's map: what colours it and what is told of a run, from the page's rows; select boxes, and #run=ID. */
const mainMap = (() => {
  const at = (id) => document.getElementById(id), place = new Map(data.columns.map(({ key }, index) => [key, index]));
  const rows = new Map(data.rows.map((row) => [row[place.get("runid")], row]));
  const value = (id, key) => { const row = rows.get(id); return row && place.has(key) ? row[place.get(key)] : null; };
  const known = (found) => found !== null && found !== undefined && found !== "";
  const plural = (count, one) => `${count} ${one}${count === 1 ? "" : "s"}`;

  /* --- what can colour watersheds: every number of the results table but where they lie --- */
  const FIRST = ["soil_loss_t_ha_yr", "runoff_mm_yr", "sediment_yield_t_ha_yr", "burned_share", "iou"];
  const NEVER = ["outlet_longitude_deg", "outlet_latitude_deg", "above_station_m", "closure_mm_max"];
  const SHARES = [0.1, 0.25, 0.5, 0.75], OVERLAPS = [0.5, 0.7, 0.8, 0.9];
  const rampOf = ({ unit = "", percent }) => percent || /^(t|kg|ton)/.test(unit) ? "earth" : /^(mm|m³)/.test(unit) ? "water" : "slope";
  function measure(column) {
    const bounds = column.key === "iou" ? OVERLAPS : column.key.endsWith("_share") ? SHARES : undefined;
    const reverse = column.key === "iou"; // a bad fit is what should be seen
    return { ...column, bounds, reverse, ramp: rampOf(column), group: FIRST.includes(column.key) ? "" : (data.views || {})[(column.views || [])[0]] || "", of: (id) => value(id, column.key) };
  }
  const rank = ({ key }) => (FIRST.includes(key) ? FIRST.indexOf(key) : FIRST.length);
  const measures = data.columns.filter(({ key, numeric }) => numeric && !NEVER.includes(key))
    .filter(({ key, percent }) => [...rows.keys()].some((id) => known(value(id, key)) && (!percent || value(id, key) > 0)))
    .map(measure).sort((a, b) => rank(a) - rank(b));

  /* --- a run in words --- */
  function said(id, column) {
    const text = figure(column, value(id, column.key)), unit = units.label(unitOf(column));
    return text + (unit && unit !== "°" ? " " : "") + unit;
  }
  const filled = (id, wanted) => data.columns.filter((column) => wanted(column) && known(value(id, column.key)));
  const TOLD = ["name", "status", "basin_area_km2", "iou", "flags", "hillslopes", "burned_share", "precip_mm_yr", "runoff_mm_yr", "soil_loss_t_ha_yr", "sediment_yield_t_ha_yr"];
  const about = (id) => [id, ...filled(id, ({ key }) => TOLD.includes(key)).map((column) => `${column.label}: ${said(id, column)}`)];
  const note = (run, { result }) => result && data.burned_note && [...(run ? [run.id] : rows.keys())].some((id) => value(id, "burned_share") > 0) ? data.burned_note : "";

  const map = batchMap(at("map-view"), data.map, { measures, stateOf: (id) => value(id, "status") || "pending", states: Object.keys(data.states), about, note, legend: at("map-legend"), layers: at("map-layers") });

  /* --- facts --- */
  /* Figures of a run under the heads of the table's views; without results the terrain comes first. */
  function figuresOf(id) {
    const box = document.createDocumentFragment(), views = Object.keys(data.views || {}).filter((view) => view !== "work"), list = (columns) => {
      const made = make("dl");
      for (const column of columns) {
        const told = column.key === "status" ? words(value(id, "status")) : said(id, column);
        made.append(make("dt", column.label), make("dd", told, column.key === "status" ? "state " + value(id, "status") : ""));
      }
      return made;
    };
    const own = filled(id, ({ key, views: of = [] }) => key === "name" || (key !== "runid" && (views.length ? !of.length : !of.includes("work"))));
    box.append(list(own));
    for (const view of views) {
      const columns = filled(id, ({ key, views: of = [] }) => key !== "name" && of[0] === view);
      if (columns.length) box.append(make("h4", data.views[view]), list(columns));
    }
    return box;
  }
  /* What there is to be checked before a long run: outlets with a flag, worst overlap first. */
  function toCheck() {
    const flagged = data.map.runs.filter(({ f }) => f).sort((a, b) => (a.i ?? 1) - (b.i ?? 1));
    if (!flagged.length) return [];
    const list = make("ul", "", "to-check");
    for (const { id, f, i } of flagged) {
      const item = list.appendChild(make("li"));
      item.append(runLink(id), make("small", [...f.map((flag) => words(flag)), ...(known(i) ? [`overlap ${i.toFixed(2)}`] : [])].join(", ")));
    }
    return [make("h4", `${plural(flagged.length, "outlet")} to be looked at`), list];
  }
  function facts(run) {
    const box = at("map-facts"), drawn = data.map.runs.filter(({ b }) => b).length;
    if (!run) {
      const outside = map.outside(), advice = make("p", drawn ? "Choose one for its figures and hillslopes." : "No watershed to draw yet.");
      if (outside) advice.textContent += ` ${outside} outside this view: Show all.`;
      return box.replaceChildren(make("h3", plural(drawn, "watershed")), advice, ...toCheck());
    }
    const parts = [make("h3", run.id), figuresOf(run.id)], page = pageOf(run.id);
    if (page) parts.splice(1, 0, make("p")), parts[1].append(Object.assign(make("a", "Page of this run"), { href: page }));
    if (run.n && !run.z) parts.splice(1, 0, make("p", `Its ${run.n} hillslopes are left out to keep this file small: ${page ? "see its page, or" : "they are in"} batch.gpkg.`));
    return box.replaceChildren(...parts);
  }

  /* --- select boxes and the address --- */
  const pick = at("map-run"), by = at("map-by");
  pick.append(...data.map.runs.map(({ id }) => new Option(id, id)));
  function update() {
    const run = map.run();
    pick.value = run ? run.id : "";
    facts(run);
    offerColours(by, map);
  }
  const follow = () => {
    const found = /^#run=(.+)$/.exec(location.hash);
    if (!found) return;
    map.choose(decodeURIComponent(found[1]));
    at("map").scrollIntoView();
  };
  at("map-view").addEventListener("map-coloured", update);
  document.addEventListener("units", () => facts(map.run()));
  document.addEventListener("states", () => map.colourBy(map.by())); // live.js has changed them
  pick.addEventListener("change", () => map.choose(pick.value));
  by.addEventListener("change", () => map.colourBy(by.value));
  at("map-all").addEventListener("click", () => map.all());
  addEventListener("hashchange", follow);
  addEventListener("load", follow);
  const without = data.map.runs.filter(({ n, z }) => n && !z).length, notes = [];
  if (without) notes.push(`To keep this file small, the hillslopes of ${plural(without, "watershed")} are not in it; all are in batch.gpkg.`);
  if (!data.map.shaded) notes.push("There is no hillshade: of so many watersheds it would be a blur.");
  at("map-note").prepend(notes.join(" "), " ");
  update();
  return map;
})();
