/* The map's legend, the switches of its layers, and the choice of its colours, as elements. */

/* A swatch and a text. */
function legendItem(kind, text) {
  const item = make("li"), swatch = make("span", "", "swatch " + kind);
  swatch.setAttribute("aria-hidden", "true");
  item.append(swatch, text);
  return item;
}
/* What the colours of some elements mean. */
function drawLegend(box, colouring, elements, { what = "", note = "" } = {}) {
  const title = make("h4", colouring.label), list = make("ul");
  const where = [colouring.unit(), what].filter(Boolean).join(", ");
  if (where) title.append(" ", make("small", where));
  list.append(...colouring.legend(elements).map(([kind, text]) => legendItem(kind, text)));
  box.replaceChildren(title, list, ...(note ? [make("p", note)] : []));
  box.hidden = !list.childNodes.length;
}
/* A checkbox a layer, named layer-NAME, with how it is drawn. layers: [{ name, label, swatches: [[kind, text]], on }]. */
function drawLayers(box, layers, onChange) {
  const list = make("ul");
  for (const { name, label, swatches, on } of layers) {
    const item = list.appendChild(make("li")), wrap = item.appendChild(make("label")), check = wrap.appendChild(make("input"));
    Object.assign(check, { type: "checkbox", name: "layer-" + name, checked: on });
    item.classList.toggle("off", !on);
    check.addEventListener("change", () => {
      item.classList.toggle("off", !check.checked);
      onChange(name, check.checked);
    });
    const [[kind] = [""], ...more] = swatches;
    const swatch = make("span", "", "swatch " + kind);
    swatch.setAttribute("aria-hidden", "true");
    wrap.append(swatch, label);
    if (more.length) item.appendChild(make("ul")).append(...more.map(([other, text]) => legendItem(other, text)));
  }
  box.replaceChildren(make("h4", "Layers"), list);
}
/* The options of a select box of colours, in groups. */
function offerColours(select, map) {
  const grouped = new Map();
  for (const choice of map.choices()) grouped.set(choice.group || "", [...(grouped.get(choice.group || "") || []), choice]);
  select.replaceChildren(...[...grouped].flatMap(([label, all]) => {
    const made = all.map((choice) => new Option(choice.label, choice.key, false, choice.key === map.by()));
    if (!label) return made;
    const group = Object.assign(make("optgroup"), { label });
    group.append(...made);
    return [group];
  }));
}
