/* The page of a run: its figures in the units of the switch. What Python wrote is metric and comes back as it was. */
(() => {
  const fields = [...document.querySelectorAll("[data-unit]")].map((field) => ({ field, metric: field.textContent }));
  const labels = [...document.querySelectorAll("[data-unit-label]")];
  const buttons = [...document.querySelectorAll("[data-units]")];
  function show() {
    for (const { field, metric } of fields) {
      const { value, unit } = field.dataset;
      field.textContent = units.system === "us" && data.units[unit] ? units.shown(Number(value), unit) : metric;
    }
    for (const label of labels) label.textContent = units.label(label.dataset.unitLabel);
    for (const button of buttons) button.setAttribute("aria-pressed", String(button.dataset.units === units.system));
  }
  for (const button of buttons) button.addEventListener("click", () => units.choose(button.dataset.units));
  document.addEventListener("units", show);
  show();
})();
