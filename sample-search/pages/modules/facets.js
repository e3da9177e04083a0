// Counts by type, decade and population; each is a switch of a filter.

import { FACETS } from "./question.js";
import { el, number } from "./text.js";

export class Facets {
  #root;
  #onToggle;

  /** @param onToggle called with facet and key */
  constructor(root, onToggle) {
    this.#root = root;
    this.#onToggle = onToggle;
  }

  /**
   * Shows the counts. A facet that is filtered by gets its counts from an answer without that
   * filter, so that what else could be chosen stays in sight.
   */
  show(question, aggs) {
    const focused = document.activeElement?.dataset?.key;
    const groups = Object.entries(FACETS).map(([name, facet]) => this.#group(name, facet, question, aggs[name]));
    this.#root.replaceChildren(...groups.filter(Boolean));
    if (focused) this.#root.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
  }

  #group(name, facet, question, agg) {
    const chosen = question.filters[name];
    const counts = new Map((agg?.buckets ?? []).filter(({ count }) => count > 0).map(({ key, count }) => [key, count]));
    for (const key of chosen) if (!counts.has(key)) counts.set(key, 0);
    if (counts.size === 0) return null;
    const most = Math.max(1, ...counts.values());
    const keys = [...counts.keys()];
    if (name === "decade") keys.sort((a, b) => Number.parseInt(b, 10) - Number.parseInt(a, 10));
    return el(
      "section",
      {},
      el("h2", {}, facet.title),
      el("ul", {}, ...keys.map((key) => this.#option(name, key, facet.label(key), counts.get(key), most, chosen.has(key)))),
    );
  }

  #option(name, key, label, count, most, pressed) {
    const bar = el("i", { "aria-hidden": "true" });
    bar.style.width = `${(100 * count) / most}%`;
    const button = el(
      "button",
      {
        type: "button",
        "aria-pressed": String(pressed),
        "data-key": `${name}:${key}`,
        onclick: () => this.#onToggle(name, key),
      },
      el("span", { class: "name" }, label),
      el("span", { class: "count" }, number(count)),
      bar,
    );
    return el("li", {}, button);
  }
}
