import { fill, h } from "./dom.js";

/**
 * Panels of which one is shown, under a row of tabs; arrow keys move between them. A panel is made when it is first
 * looked at.
 * @param {{name: string, label: string, make: () => Element[]}[]} items
 * @returns {Element[]} the row, and the place of the panels
 */
export function tabElements(label, items) {
  const panels = items.map(({ name }) =>
    h("div", { id: `panel-${name}`, class: "panel", role: "tabpanel", "aria-labelledby": `tab-${name}`, hidden: true }),
  );
  const tabs = items.map(({ name, label }, at) =>
    h(
      "button",
      {
        type: "button",
        id: `tab-${name}`,
        role: "tab",
        "aria-controls": `panel-${name}`,
        "data-testid": `tab-${name}`,
        onclick: () => show(at),
      },
      label,
    ),
  );
  const row = h("div", { class: "tabs", role: "tablist", "aria-label": label, onkeydown: move }, tabs);
  show(0);
  return [row, h("div", { class: "panels" }, panels)];

  function show(chosen) {
    for (const [at, tab] of tabs.entries()) {
      tab.setAttribute("aria-selected", String(at === chosen));
      tab.tabIndex = at === chosen ? 0 : -1;
      panels[at].hidden = at !== chosen;
    }
    if (!panels[chosen].hasChildNodes()) fill(panels[chosen], items[chosen].make());
  }

  function move(event) {
    const at = tabs.indexOf(document.activeElement);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: -1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    const tab = tabs.at(to % tabs.length);
    tab.focus();
    tab.click();
  }
}
