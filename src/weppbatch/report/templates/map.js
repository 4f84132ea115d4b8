"use strict";
/* The map: watersheds, outlets, channels and, of a chosen run, hillslopes, as SVG. No libraries, no requests. */
const data = JSON.parse(document.getElementById("data").textContent);

const batchMap = (() => {
  const SVG = "http://www.w3.org/2000/svg", RADIUS_M = 6378137;
  const SLOPES = [10, 20, 30, 40, 50]; // %, upper bounds of the legend's classes
  const MOST_LABELS = 150;
  const canvas = document.getElementById("canvas");
  const tip = document.getElementById("tip");
  const shapes = data.runs.filter((run) => run.b);
  const rows = new Map([...document.querySelectorAll("#table tbody tr")].map((row) => [row.dataset.run, row]));
  const statusOf = (id) => rows.get(id).querySelector(".state").textContent.replace(" ", "_");
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
  const slopeClass = (percent) => SLOPES.filter((bound) => percent >= bound).length;

  const layers = {};
  function setUp() {
    for (const name of ["polygons", "parts", "channels", "outlines", "outlets", "labels"])
      layers[name] = draw(canvas, "g", { class: name });
    for (const run of shapes) {
      const status = statusOf(run.id);
      draw(layers.polygons, "path", { d: rings(run.p), class: status, "data-id": run.id });
      draw(layers.outlines, "path", { d: rings(run.p), "data-id": run.id });
      for (const [order, lines] of Object.entries(run.c))
        draw(layers.channels, "path", { d: lines.map((line) => path(line, false)).join(""), class: "order-" + Math.min(order, 6), "data-id": run.id });
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
    layers.parts.replaceChildren();
    for (const layer of [layers.polygons, layers.outlines, layers.channels, layers.outlets])
      for (const element of layer.children) element.classList.toggle("chosen", element.dataset.id === chosen);
    if (run) for (const [lines, topaz, position, area, length, slope] of run.s) {
      const part = draw(layers.parts, "path", { d: rings(lines), class: "slope-" + slopeClass(slope) });
      part.tip = [`Hillslope ${topaz}, ${position}`, `${area} ha`, `${length} m long`, `slope ${slope} %`];
    }
    facts(run);
    legend(run);
    show(run ? fit(run.box) : home);
  }
  /* A run's figures, as its row of the results table has them. */
  function figures(id) {
    const heads = document.querySelectorAll("#table thead th"), cells = rows.get(id).cells;
    return [...heads].map((head, i) => ({
      key: head.dataset.key, label: head.querySelector("button").firstChild.textContent.trim(),
      text: cells[i].textContent.trim() + (head.dataset.unit && cells[i].textContent.trim() && head.dataset.key !== "wall_s" ? (head.dataset.unit === "°" ? "°" : " " + head.dataset.unit) : ""),
    })).filter((figure) => figure.text);
  }
  function facts(run) {
    const box = document.getElementById("facts"), list = document.createElement("dl");
    const title = document.createElement("h3");
    title.textContent = run ? run.id : `${shapes.length} watershed${shapes.length === 1 ? "" : "s"}`;
    for (const { key, label, text } of run ? figures(run.id) : []) {
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
  function legend(run) {
    const box = document.getElementById("legend"), list = document.createElement("ul");
    const add = (kind, text) => {
      const item = list.appendChild(document.createElement("li")), swatch = item.appendChild(document.createElement("span"));
      swatch.className = "swatch " + kind;
      item.append(text);
    };
    if (run && run.s.length) {
      const bounds = [0, ...SLOPES];
      bounds.forEach((from, i) => add("slope-" + i, i < SLOPES.length ? `${from}–${SLOPES[i]} %` : `over ${from} %`));
    } else {
      for (const status of Object.keys(data.states)) if (shapes.some((shape) => statusOf(shape.id) === status)) add("area " + status, status.replace("_", " "));
    }
    add("line", "channel, wider by order");
    add("dot", "outlet");
    if (run ? run.f : shapes.some((shape) => shape.f)) add("dot flagged", "outlet to look at");
    if (run) add("dashed", "polygon as given");
    const title = document.createElement("h4");
    title.textContent = run && run.s.length ? "Slope of hillslopes" : "State";
    box.replaceChildren(title, list);
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
    const wanted = ["name", "status", "polygon_area_km2", "basin_area_km2", "iou", "hillslopes", "channels", "flags"];
    const lines = target.tip || (id && [id, ...figures(id).filter((f) => wanted.includes(f.key)).map((f) => `${f.label}: ${f.text}`)]);
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
