/* What every part of the page shares: the data, elements made of text, and units. */
const data = JSON.parse(document.getElementById("data").textContent);
/* Whether the page came over HTTP (`weppbatch serve`) and not from a file. */
const served = location.protocol.startsWith("http");

/* An element with a text, which is never markup. */
function make(tag, text = "", name = "") {
  return Object.assign(document.createElement(tag), { textContent: text, className: name });
}

/* Metric units as in the files, or US customary ones; a change is the document's event "units". */
const units = {
  system: "metric",
  of(unit) {
    const found = this.system === "us" && data.units[unit];
    return found ? { unit: found[0], factor: found[1], offset: found[2] } : { unit, factor: 1, offset: 0 };
  },
  convert(value, unit) {
    const { factor, offset } = this.of(unit);
    return value === null || value === undefined ? null : value * factor + offset;
  },
  label(unit) { return this.of(unit).unit; },
  /* A figure for people, without its unit; `digits` after the point, or four significant ones when there are none. */
  shown(value, unit, digits) {
    const converted = this.convert(value, unit);
    if (converted === null) return "";
    const options = digits === undefined || this.system === "us"
      ? { maximumSignificantDigits: 4 } : { minimumFractionDigits: digits, maximumFractionDigits: digits };
    return converted.toLocaleString("en", options);
  },
  choose(system) {
    this.system = system;
    try { localStorage.setItem("weppbatch-units", system); } catch { /* a file may have no storage */ }
    document.dispatchEvent(new Event("units"));
  },
};
try { if (localStorage.getItem("weppbatch-units") === "us") units.system = "us"; } catch { /* as above */ }
