/* batchMap(element, drawing, options): a map of watersheds by Leaflet, without tiles, for any page. It knows `data.units`,
   `units` and `make` of its page and nothing else; needs shapes.js, colours.js, legend.js, map.css.

   element: an empty div with a height of its own.
   drawing: what report/sketch.py gives (`data.map` of the index page; `Sketches(1, fine=True)` for one run's page).
   options, all optional:
     measures        results that colour watersheds: [{key, label, unit, digits, percent, ramp, reverse, group, of(id) -> number or null}]
     stateOf(id), states   the state of a run, for its colour: "succeeded"; and all states in the legend's order
     about(id)       lines of a watershed's tooltip: ["ws-1", "Soil loss: 1.2 t/ha/yr"]
     note(run, key)  a sentence under the legend, or ""
     legend, layers  elements to be filled: the colours' legend; the switches of layers, <input name="layer-NAME">
     only            id of the one run that is chosen from the start and never left (a run's own page)
   gives: {
     choose(id)      choose a run, go there, draw its hillslopes; null: all. A promise, kept once they are drawn.
     run()           the chosen run of the drawing, or null
     choices(), by(), colourBy(key)   what can colour it now: [{key, label, group}]; the one that does; another one
     show(name, on)  a layer: "hillshade" "windows" "polygons" "basins" "channels" "outlets" "labels"
     home(), all()   go where the watersheds that have an outlet are in sight; or all of them
     outside()       how many are not in sight at home
     leaflet         the L.Map
   }
   A run's own page: parts/run_map.html.j2, LIBRARIES leaflet, STYLES page/map.css, SCRIPTS page/shapes.js, colours.js,
   legend.js, map.js, run_map.js; data.map = sketches.drawing([sketches.draw(result, row)]) of Sketches(1, fine=True).
   Events of element: "map-chosen" when a run was chosen and is drawn; "map-coloured" when colours changed. */
function batchMap(element, drawing, options = {}) {
  const extent = ({ b }) => (b[2] - b[0]) * (b[3] - b[1]);
  /* The largest first: one that lies in another stays in sight. */
  const runs = drawing.runs.filter((run) => run.b).sort((a, b) => extent(b) - extent(a)), byId = new Map(runs.map((run) => [run.id, run]));
  const colours = mapColours(drawing, options), PADDING = 0.4, MOST_LABELS = 150;
  const boundsOf = (all) => L.latLngBounds(all.flatMap(({ b }) => [[b[1], b[0]], [b[3], b[2]]]));
  let chosen = null, parts = [], fitted = null, scale = null, far = false;

  const map = L.map(element, {
    attributionControl: false, zoomSnap: 0, zoomDelta: 0.75, wheelPxPerZoomLevel: 90, minZoom: 2, maxZoom: 18, dragging: !L.Browser.mobile, keyboardPanDelta: 60, maxBoundsViscosity: 1,
  });
  map.setView(runs.length ? boundsOf(runs).getCenter() : [0, 0], 10);

  /* --- panes from the ground up; only those that are listed take the pointer --- */
  const PANES = ["ground", "areas", "parts", "shade", "lines", "touch", "outlets", "labels"], TOUCHED = ["areas", "parts", "touch"];
  PANES.forEach((name, at) => {
    const pane = map.createPane("map-" + name);
    pane.style.zIndex = 300 + at * 10;
    if (!TOUCHED.includes(name)) pane.style.pointerEvents = "none";
  });
  const renderers = Object.fromEntries(PANES.map((name) => [name, L.svg({ pane: "map-" + name, padding: PADDING })]));
  const style = (pane, name, more = {}) => ({ pane: "map-" + pane, renderer: renderers[pane], className: name, interactive: TOUCHED.includes(pane), smoothFactor: 0.5, bubblingMouseEvents: false, ...more });
  /* A shape's class, also when it is drawn anew. */
  function setClass(shape, name) {
    const path = shape.getElement();
    shape.options.className = name;
    if (path) path.setAttribute("class", shape.options.interactive ? name + " leaflet-interactive" : name);
  }
  const of = (shape, run, base = shape.options.className) => Object.assign(shape, { run, base });
  const orderOf = (order) => "order-" + Math.min(order, 6);

  /* --- layers: each a group that is made when it is first shown --- */
  const outline = (run, lines, name) => of(L.polygon(decodedLines(lines), style("lines", name, { fill: false })), run);
  const given = (run) => run.p && outline(run, run.p, run.a ? "polygon given" : "polygon alone");
  const radius = (name) => name.includes("flagged") ? (far ? 4 : 6) : name.includes("given") ? (far ? 2.5 : 4) : far ? 1.8 : 3.5;
  const point = (run, [lon, lat], name) => of(L.circleMarker([lat, lon], style("outlets", name, { radius: radius(name) })), run);
  /* The relief of a run's window: of the chosen one as a whole, of others within the basin. */
  function relief(run) {
    const [west, south, east, north] = run.h.b, project = (lat, lon) => L.CRS.EPSG3857.project(L.latLng(lat, lon));
    const low = project(south, west), size = project(north, east).subtract(low), lines = decodedLines(run.a || run.p), longest = lines.reduce((best, line) => line.length > best.length ? line : best, []);
    const corner = ({ x, y }) => `${((100 * x) / size.x).toFixed(2)}% ${(100 - (100 * y) / size.y).toFixed(2)}%`;
    const within = (line) => line.length ? `polygon(${line.map(([lat, lon]) => corner(project(lat, lon).subtract(low))).join()})` : "none";
    const picture = L.imageOverlay(run.h.u, [[south, west], [north, east]], { pane: "map-shade", alt: "" });
    picture.on("add", () => mark(picture));
    return Object.assign(picture, { run, basin: within(longest), window: within(decodedLines(run.w)[0] || []) });
  }
  const MAKE = {
    hillshade: (run) => run.h && relief(run),
    windows: (run) => run.w && outline(run, run.w, "window"),
    polygons: given,
    basins: (run) => run.a && outline(run, run.a, "basin"),
    channels: (run) => Object.entries(run.c || {}).map(([order, lines]) => of(L.polyline(decodedLines(lines), style("lines", "channel " + orderOf(order))), run)),
    outlets: (run) => [run.q && point(run, run.q, "outlet given"), run.o && point(run, run.o, run.f ? "outlet flagged" : "outlet")],
  };
  const some = (key) => runs.some((run) => run[key]);
  const LAYERS = [
    { name: "basins", label: "Basins found", there: some("a"), swatches: [["basin"]], on: true },
    { name: "polygons", label: "Polygons given", there: some("p"), swatches: [[some("a") ? "given" : "basin"]], on: Boolean(options.only) || !runs.every((run) => run.a && run.n) },
    { name: "windows", label: "DEM windows", there: some("w"), swatches: [["window"]], on: false },
    { name: "channels", label: "Channels", there: some("c"), swatches: [["channel"]], on: true },
    { name: "outlets", label: "Outlets", there: some("o") || some("q"), swatches: [["outlet"], ...(some("f") ? [["outlet flagged", "to be looked at"]] : []), ...(some("q") ? [["outlet given", "as given"]] : [])], on: true },
    { name: "hillshade", label: "Hillshade", there: some("h"), swatches: [["shade"]], on: true },
    { name: "labels", label: "Run ids", there: runs.length > 0 && !options.only, swatches: [["label"]], on: true },
  ].filter(({ there }) => there);
  const shown = new Map(LAYERS.map(({ name, on }) => [name, on])), groups = new Map();
  function show(name, on) {
    shown.set(name, on);
    if (name === "labels") return placeLabels();
    if (!groups.has(name) && on) groups.set(name, L.layerGroup(runs.flatMap((run) => MAKE[name](run)).filter(Boolean)));
    const group = groups.get(name);
    if (!group) return undefined;
    if (on) group.eachLayer(mark);
    return on ? group.addTo(map) : group.remove();
  }
  /* Makes a shape look as it should while its run is chosen, or is not. */
  function mark(shape) {
    const own = shape.run === chosen;
    if (!shape.window) return setClass(shape, shape.base + (own ? " chosen" : ""));
    const picture = shape.getElement();
    if (!picture) return undefined;
    picture.style.clipPath = own ? shape.window : shape.basin;
    return own ? shape.bringToFront() : shape;
  }

  /* --- what is always there: the ground that shades fall on, areas in colours, what belongs to the chosen run --- */
  function content(lines) {
    const box = make("div");
    box.append(...lines.map((text) => make("div", text)));
    return box;
  }
  /* The pattern of what has no result, for the style sheet. */
  function hatched() {
    const made = ["svg", "pattern", "path"].map((name) => L.SVG.create(name)), [svg, pattern, path] = made;
    const set = (target, attributes) => { for (const [key, value] of Object.entries(attributes)) target.setAttribute(key, value); };
    set(svg, { width: 0, height: 0, class: "map-hatch", "aria-hidden": "true" });
    set(pattern, { id: "hatch", width: 6, height: 6, patternUnits: "userSpaceOnUse" });
    set(path, { d: "M0 6L6 0", class: "hatch" });
    svg.append(pattern);
    pattern.append(path);
    return svg;
  }
  const tooltip = { sticky: true, direction: "auto", className: "map-tip", opacity: 1 };
  const areas = L.featureGroup(), own = { parts: L.featureGroup(), touch: L.featureGroup(), lines: L.layerGroup() };
  function setUp() {
    L.rectangle([[-85, -540], [85, 540]], style("ground", "ground")).addTo(map);
    element.append(hatched());
    for (const run of runs) if (run.a || run.p) areas.addLayer(of(L.polygon(decodedLines(run.a || run.p), style("areas", "area")), run));
    areas.addTo(map).on("click", ({ layer }) => { if (!options.only && layer.run !== chosen) choose(layer.run.id); });
    if (options.about) areas.bindTooltip(({ run }) => content(options.about(run.id)), tooltip);
    own.parts.addTo(map).bindTooltip(({ part }) => content(colours.aboutPart(part)), tooltip);
    own.touch.addTo(map).bindTooltip(({ told, order }) => content(colours.aboutChannel(told, order)), tooltip);
    own.lines.addTo(map);
    for (const { name, on } of LAYERS) if (on) show(name, true);
    if (options.layers) drawLayers(options.layers, LAYERS, show);
  }

  /* --- choosing a run --- */
  async function choose(id) {
    const run = byId.get(id) || null;
    chosen = run;
    parts = [];
    for (const group of Object.values(own)) group.clearLayers();
    element.classList.toggle("one", Boolean(run));
    for (const group of groups.values()) group.eachLayer(mark);
    if (run) drawLines(run);
    go(run);
    colour();
    if (run && run.z) {
      const details = await detailsOf(run);
      if (chosen !== run) return;
      parts = details.parts;
      drawParts(run, details);
      colour();
    }
    element.dispatchEvent(new CustomEvent("map-chosen", { detail: run }));
  }
  function drawLines(run) {
    if (run.p && run.a && !options.only) own.lines.addLayer(outline(run, run.p, "polygon given chosen"));
    for (const [order, lines] of Object.entries(run.c || {})) own.lines.addLayer(L.polyline(decodedLines(lines), style("parts", "casing " + orderOf(order), { interactive: false })));
  }
  function drawParts(run, { channels }) {
    for (const part of parts) own.parts.addLayer(Object.assign(L.polygon(decodedLines(part.rings), style("parts", "part", { smoothFactor: 0 })), { part }));
    for (const [order, told] of Object.entries(channels)) told.forEach((figures, at) => {
      own.touch.addLayer(Object.assign(L.polyline(decodedLine(run.c[order][at]), style("touch", "touch", { fill: false })), { told: figures, order }));
    });
  }

  /* --- colours --- */
  function colour() {
    const now = colours.now(parts), whole = colours.now([]);
    areas.eachLayer((shape) => setClass(shape, `area ${whole.name(shape.run)}${shape.run === chosen ? " chosen" : ""}`));
    own.parts.eachLayer((shape) => setClass(shape, "part " + now.name(shape.part)));
    element.classList.toggle("parts-shown", parts.length > 0);
    element.dataset.by = now.key;
    if (options.legend) drawLegend(options.legend, now, parts.length ? parts : runs, { what: parts.length ? "of hillslopes" : "", note: options.note ? options.note(chosen, now) : "" });
    element.dispatchEvent(new CustomEvent("map-coloured", { detail: now.key }));
  }

  /* --- the view --- */
  const reliable = runs.some((run) => run.o) ? runs.filter((run) => run.o) : runs; // one with wrong coordinates must not shrink the others to dots
  const go = (run) => fit(run ? [run] : reliable);
  function fit(some) {
    const { x, y } = map.getSize();
    if (some.length && x && y) map.fitBounds(boundsOf(some), { padding: [0.05 * x, 0.05 * y], maxZoom: 16, animate: false });
    fitted = some; // until the reader moves
  }
  function home() { if (options.only) go(chosen); else choose(null); }
  function all() { choose(null); fit(runs); }
  const outside = () => { const view = boundsOf(reliable).pad(0.1); return runs.filter((run) => !view.intersects(boundsOf([run]))).length; };

  /* Labels of the largest watersheds, as many as find room beside each other. */
  const labels = L.layerGroup().addTo(map);
  function placeLabels() {
    labels.clearLayers();
    if (!shown.get("labels") || chosen) return;
    const taken = [], view = map.getBounds();
    for (const run of runs.slice(0, MOST_LABELS)) {
      const bounds = boundsOf([run]), [low, high] = [map.latLngToLayerPoint(bounds.getSouthWest()), map.latLngToLayerPoint(bounds.getNorthEast())];
      const middle = low.add(high).divideBy(2), w = 7.5 * run.id.length, h = 18, { x } = map.layerPointToContainerPoint(middle);
      if (w < map.getSize().x) middle.x += Math.max(0, w / 2 + 4 - x) - Math.max(0, x + w / 2 + 4 - map.getSize().x);
      if (!view.intersects(bounds) || high.x - low.x < 24 || taken.some((other) => Math.abs(other.x - middle.x) < (w + other.w) / 2 && Math.abs(other.y - middle.y) < h)) continue;
      taken.push({ x: middle.x, y: middle.y, w });
      const icon = L.divIcon({ html: make("span", run.id), className: "map-label", iconSize: [0, 0] });
      labels.addLayer(L.marker(map.layerPointToLatLng(middle), { icon, pane: "map-labels", interactive: false, keyboard: false }));
    }
  }
  /* Where watersheds are small on the screen, outlets and channels leave room for their colours. */
  const sizes = runs.map(({ b }) => Math.max(b[2] - b[0], b[3] - b[1])).sort((a, b) => a - b), FAR_PX = 45;
  function keepProportion() {
    const now = runs.length > 0 && (sizes[Math.floor(sizes.length / 2)] / 360) * 256 * 2 ** map.getZoom() < FAR_PX;
    if (now === far) return;
    far = now;
    element.classList.toggle("far", far);
    if (groups.has("outlets")) groups.get("outlets").eachLayer((shape) => shape.setRadius(radius(shape.base)));
  }
  function drawScale() {
    if (scale) scale.remove();
    scale = L.control.scale({ maxWidth: 140, metric: units.system !== "us", imperial: units.system === "us" }).addTo(map);
  }

  /* --- pointer, wheel, keys, paper --- */
  function listen() {
    map.on("moveend", placeLabels);
    map.on("zoomend", keepProportion);
    map.on("movestart", () => { fitted = null; });
    /* The wheel scrolls the page unless Ctrl is held. */
    element.addEventListener("wheel", (event) => { if (!event.ctrlKey && !event.metaKey) event.stopPropagation(); }, { capture: true });
    element.addEventListener("keydown", (event) => { if (event.key === "Escape") home(); });
    document.addEventListener("units", () => { drawScale(); colour(); });
    new ResizeObserver(() => { map.invalidateSize({ pan: false }); if (fitted) fit(fitted); }).observe(element);
    /* A sheet of paper keeps the size that the map was drawn for; map.css makes it smaller there. */
    addEventListener("beforeprint", () => { element.style.width = element.offsetWidth + "px"; element.style.height = element.offsetHeight + "px"; });
    addEventListener("afterprint", () => { element.style.width = element.style.height = ""; });
  }
  setUp();
  listen();
  drawScale();
  keepProportion();
  choose(options.only || null);
  return {
    choose, run: () => chosen, choices: () => colours.choices(parts), by: () => colours.now(parts).key,
    colourBy: (key) => { colours.want(parts, key); colour(); },
    show, home, all, outside, leaflet: map,
  };
}
