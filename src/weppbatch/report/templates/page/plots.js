/* Charts by Observable Plot as every part draws them: a box that is drawn again when its width or the units change,
   with a sentence as its label; legends, days, ticks. Knows no data. */
const plots = {
  base: { style: { background: "none", color: "inherit", fontFamily: "inherit", fontSize: "12px" }, marginLeft: 52, marginTop: 22, marginRight: 20, marginBottom: 38 },
  /* Draw into the element with an id, if it is there. `draw(width)`: nodes; `label()`: a sentence that says what they
     show. Returns a function that draws it again. */
  into(id, label, draw) {
    const box = typeof id === "string" ? document.getElementById(id) : id;
    if (!box) return () => {};
    let width = 0;
    const again = () => {
      width = box.clientWidth;
      if (!width) return;
      const nodes = [draw(width)].flat().filter(Boolean);
      box.replaceChildren(...nodes);
      /* Plot names its groups, which only elements with a role may be. */
      for (const part of box.querySelectorAll("svg g[aria-label]")) part.removeAttribute("aria-label");
      box.querySelectorAll("svg").forEach((svg, at) => {
        if (at) svg.setAttribute("aria-hidden", "true");
        else { svg.setAttribute("role", "img"); svg.setAttribute("aria-label", label()); }
      });
    };
    again();
    new ResizeObserver(() => { if (Math.abs(box.clientWidth - width) > 2) requestAnimationFrame(again); }).observe(box);
    document.addEventListener("units", again);
    return again;
  },
  legend(entries) {
    const list = make("ul", "", "legend");
    for (const [colour, text, kind] of entries) {
      const item = list.appendChild(make("li"));
      const mark = item.appendChild(make("i", "", kind || ""));
      mark.style.setProperty("--fill", colour);
      item.append(text);
    }
    return list;
  },
  /* A figure with its unit, in the units of now; `digits`: significant ones. */
  told(value, unit = "", digits = 3) {
    if (value === null || value === undefined || Number.isNaN(value)) return "none";
    const text = units.convert(value, unit).toLocaleString("en", { maximumSignificantDigits: digits });
    return unit ? `${text} ${units.label(unit)}` : text;
  },
  MONTHS: ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"],
  /* A day (since 1970) as a date; years below 100 too, which Date.UTC takes for those of the last century. */
  date(day) { return new Date(day * 86400000); },
  yearText(year) { return year < 1000 ? `year ${year}` : String(year); },
  dayText(date) {
    const year = date.getUTCFullYear(), text = `${date.getUTCDate()} ${this.MONTHS[date.getUTCMonth()]}`;
    return year < 1000 ? `year ${year}, ${text}` : `${text} ${year}`;
  },
  /* The head of an axis: what, and in which unit now. */
  axis(label, unit) { return unit ? `${label}, ${units.label(unit)}` : label; },
  /* Whole numbers from a text of differences (`packed_text` in run_daily.py), times their step. */
  unpacked({ text, step }) {
    const values = [];
    let at = 0, sum = 0;
    while (at < text.length) {
      let bits = 0, shift = 0, part;
      do {
        part = text.charCodeAt(at++) - 63;
        bits += (part & 31) * 2 ** shift;
        shift += 5;
      } while (part >= 32);
      sum += bits % 2 ? -(bits + 1) / 2 : bits / 2;
      values.push(sum * step);
    }
    return values;
  },
};
