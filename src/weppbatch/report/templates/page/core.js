/* What every part of the page shares: the data, elements made of text, units, theme, help, and links to runs. */
const data = JSON.parse(document.getElementById("data").textContent);
/* Whether the page came over HTTP (`weppbatch serve`) and not from a file. */
const served = location.protocol.startsWith("http");

/* The states of what is complete. */
const DONE = ["succeeded", "degraded"];

/* An element with a text, which is never markup. */
function make(tag, text = "", name = "") {
  return Object.assign(document.createElement(tag), { textContent: text, className: name });
}
/* What the reader chose, as far as a file may keep it. */
const kept = {
  get(name) { try { return localStorage.getItem("weppbatch-" + name); } catch { return null; } },
  set(name, value) { try { localStorage.setItem("weppbatch-" + name, value); } catch { /* then for this time only */ } },
};

/* --- numbers --- */
const numbers = new Map();
/* A number with so many decimals; without `digits` with at most three that count. A small one is never shown as zero. */
function written(value, digits) {
  if (value === null || value === undefined || !Number.isFinite(value)) return "";
  const short = digits === undefined, size = value === 0 ? 2 : Math.floor(Math.log10(Math.abs(value)));
  const places = Math.min(12, short ? Math.max(0, 2 - size) : digits), least = 10 ** -places, key = short ? -1 - places : places;
  if (!short && value > 0 && value < least / 2) return "<" + least.toFixed(places);
  if (!numbers.has(key)) numbers.set(key, new Intl.NumberFormat("en", { minimumFractionDigits: short ? 0 : places, maximumFractionDigits: places }));
  return numbers.get(key).format(value).replace("-", "−");
}
function seconds(value) {
  if (value === null || value === undefined) return "";
  if (value < 1) return value.toFixed(2) + " s";
  if (value < 9.95) return value.toFixed(1) + " s";
  if (value < 120) return value.toFixed(0) + " s";
  const minutes = Math.round(value / 60);
  return minutes < 120 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/* Metric units as in the files, or US customary ones; a change is the document's event "units". */
const units = {
  system: kept.get("units") === "us" ? "us" : "metric",
  of(unit) {
    const found = this.system === "us" && data.units[unit];
    return found ? { unit: found[0], factor: found[1], offset: found[2] } : { unit, factor: 1, offset: 0 };
  },
  convert(value, unit) {
    const { factor, offset } = this.of(unit);
    return value === null || value === undefined ? null : value * factor + offset;
  },
  label(unit) { return this.of(unit).unit; },
  /* A figure for people, without its unit, as precise in either system; `digits` after the point, or as `written`. */
  shown(value, unit, digits) {
    const more = Math.trunc(-Math.log10(this.of(unit).factor));
    return written(this.convert(value, unit), digits === undefined ? undefined : Math.max(0, digits + more));
  },
  choose(system) {
    this.system = system;
    kept.set("units", system);
    document.dispatchEvent(new Event("units"));
  },
};
/* A value of one of `data.columns` as people read it, without its unit, and that unit as files have it. */
function figure(column, value) {
  if (value === null || value === undefined || value === "") return "";
  if (column.style === "seconds") return seconds(value);
  if (column.style === "power") return value === 0 ? "0" : value.toExponential(0);
  if (column.percent) return written(100 * value, column.digits);
  return column.numeric ? units.shown(value, column.unit || "", column.short ? undefined : column.digits) : String(value);
}
const unitOf = (column) => column.percent ? "%" : column.style === "seconds" ? "" : column.unit || "";
/* Numbers in the page's text: elements with data-value, data-unit, data-digits; and units that stand alone. */
function showUnits() {
  for (const element of document.querySelectorAll("[data-value]")) {
    const { value, unit, digits, labelled } = element.dataset, label = units.label(unit);
    element.textContent = units.shown(Number(value), unit, digits === undefined ? undefined : Number(digits)) + (labelled !== undefined && label ? " " + label : "");
  }
  for (const element of document.querySelectorAll("[data-unit-label]")) element.textContent = units.label(element.dataset.unitLabel);
}
document.addEventListener("units", showUnits);
if (units.system !== "metric") showUnits();
const unitSwitch = document.getElementById("unit-switch");
if (unitSwitch) {
  unitSwitch.value = units.system;
  unitSwitch.addEventListener("change", () => units.choose(unitSwitch.value));
}

/* --- light and dark: as the system has it, or as chosen; a change is the document's event "theme" --- */
const themeSwitch = document.getElementById("theme-switch");
/* The rules for a dark screen hold for the theme that was chosen, whatever the system has. */
const darkRules = [...document.styleSheets].flatMap((sheet) => [...sheet.cssRules]).filter((rule) => rule.media && rule.media.mediaText.includes("prefers-color-scheme: dark"));
const darkMedia = darkRules.map((rule) => rule.media.mediaText);
function setTheme(theme) {
  darkRules.forEach((rule, at) => { rule.media.mediaText = theme === "dark" ? "screen" : theme === "light" ? "not all" : darkMedia[at]; });
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
  else delete document.documentElement.dataset.theme;
  document.dispatchEvent(new Event("theme"));
}
if (kept.get("theme")) setTheme(kept.get("theme"));
if (themeSwitch) {
  themeSwitch.value = document.documentElement.dataset.theme || "system";
  themeSwitch.addEventListener("change", () => { kept.set("theme", themeSwitch.value); setTheme(themeSwitch.value); });
}

/* --- states and links --- */
const words = (status) => status.replaceAll("_", " ");
const stateMark = (status) => make("span", words(status), "state " + status);
function runLink(id) {
  const link = make("a", id);
  link.href = "#run=" + encodeURIComponent(id);
  link.dataset.run = id;
  return link;
}
/* The address of a run's own page, null where there is none. */
const pageOf = (id) => served || (data.pages || []).includes(id) ? `runs/${encodeURIComponent(id)}.html` : null;
/* A click on a link to a run that the address has already is told again. */
document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-run]");
  if (link && location.hash === "#run=" + encodeURIComponent(link.dataset.run)) dispatchEvent(new HashChangeEvent("hashchange"));
});
/* Run ids that were folded are made when they are opened. */
for (const group of document.querySelectorAll("details[data-group]"))
  group.addEventListener("toggle", () => {
    const list = group.querySelector("span"), ids = data.groups[group.dataset.group].slice(8);
    if (group.open && !list.childNodes.length) list.append(...ids.flatMap((id, at) => at ? [", ", runLink(id)] : [runLink(id)]));
  });

/* --- help: what an element with data-help means, while the pointer or the focus is on it --- */
const tip = document.getElementById("tip");
function showHelp(element) {
  const helped = element instanceof Element ? element.closest("[data-help]") : null;
  tip.hidden = !helped;
  if (!helped) return;
  tip.textContent = helped.dataset.help;
  const box = helped.getBoundingClientRect();
  tip.style.left = Math.max(8, Math.min(box.left, innerWidth - tip.offsetWidth - 8)) + "px";
  const below = box.bottom + 6;
  tip.style.top = (below + tip.offsetHeight > innerHeight ? box.top - tip.offsetHeight - 6 : below) + "px";
}
if (tip) {
  for (const kind of ["mouseover", "focusin"]) document.addEventListener(kind, (event) => showHelp(event.target));
  document.addEventListener("focusout", () => showHelp(null));
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") showHelp(null); });
  addEventListener("scroll", () => showHelp(null), true);
}

/* --- on paper everything is open, but for long lists of run ids --- */
addEventListener("beforeprint", () => document.querySelectorAll("details:not(.chooser):not(.group)").forEach((details) => { details.open = true; }));
