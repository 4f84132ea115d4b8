/* The map: watersheds, outlets, channels and, of a chosen run, hillslopes, as SVG. No libraries, no requests. */
const batchMap = (() => {
  const SVG = "http://www.w3.org/2000/svg", RADIUS_M = 6378137;
  const MOST_LABELS = 150;
  const canvas = document.getElementById("canvas");
  const tip = document.getElementById("tip");
  const shapes = data.map.runs.filter((run) => run.b);
  const table = document.getElementById("table");
  const rows = new Map([...table.tBodies[0].rows].map((row) => [row.dataset.run, row]));
  const statusOf = (id) => rows.get(id).querySelector(".state").textContent.replace(" ", "_");
  const colours = mapColours(shapes, statusOf);
  let chosen = null, view = null, home = null, bySize = [];

  /* Web Mercator around the batch's centre, in metres, y to the south. */
  const centre = shapes.length ? mercator(
    (Math.min(...shapes.map((s) => s.b[0])) + Math.max(...shapes.map((s) => s.b[2]))) / 2,
    (Math.min(...shapes.map((s) => s.b[1])) + Math.max(...shapes.map((s) => s.b[3]))) / 2) : [0, 0];
  function mercator(lon, lat) {
    const angle = Math.PI / 180;
    return [RADIUS_M * lon * angle, -RADIUS_M * Math.log(Math.tan(Math.PI / 4 + (lat * angle) / 2))];
  }
  function place(lon, lat) {
    const [x, y] = mercator(lon, lat);
    return [x - centre[0], y - centre[1]];
  }
  /* How much Web Mercator stretches lengths at the batch's latitude. */
  const stretch = Math.cosh(centre[1] / RADIUS_M);

  /* Google's polyline encoding to an SVG path. */
  function path(line, close) {
    let lat = 0, lon = 0, at = 0, text = "";
    const next = () => {
      let value = 0, shift = 0, part;
      do { part = line.charCodeAt(at++) - 63; value |= (part & 31) << shift; shift += 5; } while (part >= 32);
      return value & 1 ? ~(value >> 1) : value >> 1;
    };
    while (at < line.length) {
      lat += next(); lon += next();
      const [x, y] = place(lon / 1e5, lat / 1e5);
      text += (text ? "L" : "M") + x.toFixed(1) + " " + y.toFixed(1);
    }
    return close ? text + "Z" : text;
  }
  const rings = (lines) => lines.map((line) => path(line, true)).join("");
  function draw(parent, name, attributes) {
    const element = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    return parent.appendChild(element);
  }

  const layers = {};
  const extent = (run) => (run.b[2] - run.b[0]) * (run.b[3] - run.b[1]);
  function setUp() {
    const hatch = draw(draw(canvas, "defs", {}), "pattern", { id: "hatch", width: 6, height: 6, patternUnits: "userSpaceOnUse" });
    draw(hatch, "path", { d: "M0 6L6 0", class: "hatch" });
    for (const name of ["polygons", "parts", "casings", "channels", "outlines", "touch", "outlets", "labels"])
      layers[name] = draw(canvas, "g", { class: name });
    /* The largest first: one that lies in another stays in sight. */
    for (const run of [...shapes].sort((a, b) => extent(b) - extent(a))) {
      run.area = draw(layers.polygons, "path", { d: rings(run.p), "data-id": run.id });
      draw(layers.outlines, "path", { d: rings(run.p), "data-id": run.id });
      for (const [order, lines] of Object.entries(run.c))
        draw(layers.channels, "path", { d: lines.map((line) => path(line, false)).join(""), class: "order-" + Math.min(order, 6), "data-id": run.id });
      if (run.q) { const [x, y] = place(...run.q); draw(layers.outlets, "path", { d: `M${x} ${y}h0`, class: "given", "data-id": run.id }); }
      if (run.o) {
        const [x, y] = place(...run.o);
        for (const name of ["ring", "dot"]) draw(layers.outlets, "path", { d: `M${x} ${y}h0`, class: name + (run.f ? " flagged" : ""), "data-id": run.id });
      }
      const [west, north] = place(run.b[0], run.b[3]), [east, south] = place(run.b[2], run.b[1]);
      run.box = { x: west, y: north, w: east - west, h: south - north };
      run.label = draw(layers.labels, "text", { x: west + run.box.w / 2, y: north + run.box.h / 2, "data-id": run.id });
      run.label.textContent = run.id;
      run.label.classList.add("hidden");
    }
    bySize = [...shapes].sort((a, b) => b.box.w * b.box.h - a.box.w * a.box.h).slice(0, MOST_LABELS);
  }

  /* --- the view: x, y of the middle, and metres a pixel --- */
  function fit(box) {
    const { width, height } = canvas.getBoundingClientRect();
    return { x: box.x + box.w / 2, y: box.y + box.h / 2, scale: 1.12 * Math.max(box.w / width, box.h / height, 0.05) };
  }
  function show(next) {
    const { width, height } = canvas.getBoundingClientRect();
    if (!width) return;
    view = next;
    canvas.setAttribute("viewBox", [view.x - (width * view.scale) / 2, view.y - (height * view.scale) / 2, width * view.scale, height * view.scale].join(" "));
    layers.labels.setAttribute("font-size", 12 * view.scale);
    layers.labels.setAttribute("stroke-width", 3 * view.scale);
    placeLabels();
    scaleBar(view.scale / stretch);
  }
  /* Labels of the largest watersheds, as many as find room beside each other. */
  function placeLabels() {
    const taken = [];
    for (const run of bySize) {
      const w = 7.5 * run.id.length * view.scale, h = 18 * view.scale;
      const box = { x: run.box.x + run.box.w / 2 - w / 2, y: run.box.y + run.box.h / 2 - h / 2 };
      const free = chosen === null && run.box.w > 24 * view.scale && taken.every((other) => box.x > other.x + other.w || box.x + w < other.x || Math.abs(box.y - other.y) > h);
      run.label.classList.toggle("hidden", !free);
      if (free) taken.push({ ...box, w });
    }
  }
  function scaleBar(metresPerPixel) {
    const most = metresPerPixel * 140, power = 10 ** Math.floor(Math.log10(most));
    const length = [5, 2, 1].map((step) => step * power).find((step) => step <= most);
    const bar = document.querySelector("#scale span");
    bar.style.width = length / metresPerPixel + "px";
    bar.textContent = length >= 1000 ? length / 1000 + " km" : length + " m";
  }
  function zoom(factor, clientX, clientY) {
    const box = canvas.getBoundingClientRect();
    const dx = (clientX === undefined ? 0 : clientX - box.left - box.width / 2) * view.scale;
    const dy = (clientY === undefined ? 0 : clientY - box.top - box.height / 2) * view.scale;
    const scale = Math.min(Math.max(view.scale / factor, 0.05), everything().scale * 4), moved = 1 - scale / view.scale;
    show({ x: view.x + dx * moved, y: view.y + dy * moved, scale });
  }

  /* --- choosing a run --- */
  function choose(id) {
    const run = shapes.find((shape) => shape.id === id) || null;
    chosen = run ? run.id : null;
    document.getElementById("pick").value = chosen || "";
    canvas.classList.toggle("one", Boolean(run));
    canvas.classList.toggle("parts-shown", Boolean(run && run.s.length));
    for (const name of ["parts", "casings", "touch"]) layers[name].replaceChildren();
    for (const layer of [layers.polygons, layers.outlines, layers.channels, layers.outlets])
      for (const element of layer.children) element.classList.toggle("chosen", element.dataset.id === chosen);
    if (run) {
      for (const row of run.s) {
        const part = draw(layers.parts, "path", { d: rings(row[0]) });
        part.row = row;
        part.tip = colours.aboutPart(row);
      }
      for (const [order, lines] of Object.entries(run.c)) lines.forEach((line, at) => {
        const d = path(line, false);
        draw(layers.casings, "path", { d, class: "order-" + Math.min(order, 6) });
        if (run.k) draw(layers.touch, "path", { d }).tip = colours.aboutChannel(run.k[order][at], order);
      });
    }
    facts(run);
    offer(run);
    colour(run);
    show(run ? fit(run.box) : home);
  }
  /* --- colours --- */
  function offer(run) {
    const box = document.getElementById("by"), current = colours.of(run).key;
    box.replaceChildren(...colours.choices(run).map(({ key, label }) => new Option(label, key, false, key === current)));
  }
  function colour(run) {
    const now = colours.of(run), whole = colours.of(null);
    for (const shape of shapes) shape.area.setAttribute("class", whole.name(shape) + (shape.id === chosen ? " chosen" : ""));
    for (const part of layers.parts.children) part.setAttribute("class", now.name(part.row));
    canvas.dataset.by = now.key;
    legend(run, now);
  }
  /* A run's figures, as its row of the results table has them. `rank`: results before inputs before all else; where
     the table has no views, there is no order but the table's. */
  function figures(id) {
    const cells = rows.get(id).cells, views = table.dataset.view !== undefined;
    const ranks = (names) => !views || !names.length ? 0 : names.includes("in-results") ? 1 : names.includes("in-inputs") ? 2 : 3;
    return [...table.tHead.rows[0].cells].map((head, at) => {
      const value = cells[at].textContent.trim(), unit = head.dataset.key === "wall_s" ? "" : head.dataset.unit;
      return {
        key: head.dataset.key, label: head.querySelector("button").firstChild.textContent.trim(), text: value && value + (unit && unit !== "°" ? " " + unit : unit),
        rank: ranks([...head.classList].filter((name) => name.startsWith("in-"))),
      };
    }).filter((figure) => figure.text);
  }
  function facts(run) {
    const box = document.getElementById("facts"), list = document.createElement("dl");
    const title = document.createElement("h3");
    title.textContent = run ? run.id : `${shapes.length} watershed${shapes.length === 1 ? "" : "s"}`;
    const told = run ? figures(run.id).filter(({ rank }) => rank < 3).sort((a, b) => a.rank - b.rank) : [];
    for (const { key, label, text } of told) {
      if (key === "runid") continue;
      list.append(Object.assign(document.createElement("dt"), { textContent: label }));
      const value = list.appendChild(document.createElement("dd"));
      value.textContent = text;
      if (key === "status") value.className = "state " + text.replace(" ", "_");
    }
    const advice = Object.assign(document.createElement("p"), { textContent: "Choose one for its figures and hillslopes." });
    const { width, height } = canvas.getBoundingClientRect();
    const outside = run ? 0 : shapes.filter(({ box: b }) => Math.abs(b.x + b.w / 2 - home.x) * 2 > width * home.scale || Math.abs(b.y + b.h / 2 - home.y) * 2 > height * home.scale).length;
    if (outside) advice.textContent += ` ${outside} outside this view: Show all.`;
    box.replaceChildren(title, run ? list : advice);
  }
  function legend(run, now) {
    const box = document.getElementById("legend"), list = document.createElement("ul");
    const add = (kind, text) => {
      const item = list.appendChild(document.createElement("li")), swatch = item.appendChild(document.createElement("span"));
      swatch.className = "swatch " + kind;
      item.append(text);
    };
    const parts = run && run.s.length ? run.s : null;
    for (const [kind, text] of now.legend(parts || shapes)) add(kind, text);
    add("line", "channel, wider by order");
    add("dot", "outlet");
    if (run ? run.f : shapes.some((shape) => shape.f)) add("dot flagged", "outlet to look at");
    if (run && run.q) add("dot given", "outlet as given");
    if (run) add("dashed", run.q ? "basin of the given outlet" : "polygon as given");
    const title = document.createElement("h4");
    const where = [now.unit, parts ? "of hillslopes" : ""].filter(Boolean).join(", ");
    title.append(now.label, Object.assign(document.createElement("small"), { textContent: " " + where }));
    box.replaceChildren(title, list);
    const burned = (run ? [run] : shapes).some((shape) => shape.v && shape.v[3] > 0);
    if (burned && now.unit) box.append(Object.assign(document.createElement("p"), { textContent: data.burned_note }));
  }

  /* --- pointer, wheel, keys --- */
  const fingers = new Map();
  let dragged = 0;
  function onMove(event) {
    if (!fingers.has(event.pointerId)) return hover(event);
    const before = fingers.get(event.pointerId), now = [event.clientX, event.clientY];
    const others = [...fingers].filter(([id]) => id !== event.pointerId).map(([, at]) => at);
    fingers.set(event.pointerId, now);
    dragged += Math.hypot(now[0] - before[0], now[1] - before[1]);
    if (dragged > 4 && !canvas.hasPointerCapture(event.pointerId)) canvas.setPointerCapture(event.pointerId);
    const share = 1 / fingers.size;
    show({ x: view.x - (now[0] - before[0]) * view.scale * share, y: view.y - (now[1] - before[1]) * view.scale * share, scale: view.scale });
    if (others.length) {
      const gap = (at) => Math.hypot(at[0] - others[0][0], at[1] - others[0][1]);
      zoom(gap(now) / Math.max(gap(before), 1), (now[0] + others[0][0]) / 2, (now[1] + others[0][1]) / 2);
    }
  }
  function hover(event) {
    const target = event.target, id = target.dataset && target.dataset.id;
    const keys = ["name", "status", "polygon_area_km2", "basin_area_km2", "iou", "hillslopes", "channels", "flags", "burned_share", "precip_mm_yr", "runoff_mm_yr", "soil_loss_t_ha_yr", "sediment_yield_t_ha_yr"];
    const lines = target.tip || (id && [id, ...figures(id).filter((f) => keys.includes(f.key)).map((f) => `${f.label}: ${f.text}`)]);
    tip.hidden = !lines;
    if (!lines) return;
    tip.replaceChildren(...lines.map((text) => Object.assign(document.createElement("div"), { textContent: text })));
    tip.style.left = Math.min(event.clientX + 14, innerWidth - tip.offsetWidth - 8) + "px";
    tip.style.top = Math.min(event.clientY + 14, innerHeight - tip.offsetHeight - 8) + "px";
  }
  function listen() {
    canvas.addEventListener("pointerdown", (event) => { dragged = fingers.size ? dragged : 0; fingers.set(event.pointerId, [event.clientX, event.clientY]); });
    canvas.addEventListener("pointermove", onMove);
    for (const kind of ["pointerup", "pointercancel", "pointerleave"])
      canvas.addEventListener(kind, (event) => { fingers.delete(event.pointerId); if (kind !== "pointerup") tip.hidden = true; });
    canvas.addEventListener("click", (event) => { const id = event.target.dataset.id; if (dragged < 5 && id && id !== chosen) choose(id); });
    canvas.addEventListener("wheel", (event) => {
      if (!event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      zoom(Math.exp(-event.deltaY / 300), event.clientX, event.clientY);
    }, { passive: false });
    canvas.addEventListener("keydown", (event) => {
      const step = 60 * view.scale, to = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] }[event.key];
      if (to) show({ x: view.x + to[0], y: view.y + to[1], scale: view.scale });
      else if (event.key === "+" || event.key === "=") zoom(1.5);
      else if (event.key === "-") zoom(1 / 1.5);
      else if (event.key === "Escape") choose(null);
      else return;
      event.preventDefault();
    });
    for (const button of document.querySelectorAll("[data-zoom]"))
      button.addEventListener("click", () => ({ in: () => zoom(1.6), out: () => zoom(1 / 1.6), all: () => { choose(null); show(everything()); } })[button.dataset.zoom]());
    document.getElementById("by").addEventListener("change", (event) => {
      const run = shapes.find((shape) => shape.id === chosen) || null;
      colours.want(run, event.target.value);
      colour(run);
    });
    document.getElementById("pick").addEventListener("change", (event) => choose(event.target.value));
    new ResizeObserver(() => { const same = view === home; home = start(); show(same ? home : view); }).observe(canvas);
  }
  function around(runs) {
    const x = Math.min(...runs.map((s) => s.box.x)), y = Math.min(...runs.map((s) => s.box.y));
    return fit({ x, y, w: Math.max(...runs.map((s) => s.box.x + s.box.w)) - x, h: Math.max(...runs.map((s) => s.box.y + s.box.h)) - y });
  }
  const everything = () => around(shapes);
  /* Runs with an outlet first: one with wrong coordinates must not shrink the others to dots. */
  const start = () => around(shapes.some((run) => run.o) ? shapes.filter((run) => run.o) : shapes);
  if (shapes.length) {
    setUp();
    home = start();
    listen();
    choose(null);
  } else document.getElementById("facts").textContent = "No watershed to draw.";
  return { choose };
})();
