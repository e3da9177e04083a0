// Related topics, as the sample's own scatter function found them.

import { el, plural } from "./text.js";

export class Topics {
  #root;
  #onChoose;

  constructor(root, onChoose) {
    this.#root = root;
    this.#onChoose = onChoose;
  }

  show(topics) {
    this.#root.hidden = topics.length === 0;
    const most = Math.max(...topics.map(({ score }) => Math.sqrt(score)));
    this.#root.replaceChildren(
      el("h2", {}, "Related topics"),
      el("ul", {}, ...topics.map((topic) => this.#topic(topic, most))),
      el("p", { class: "note" }, "Named in the best results more often than elsewhere."),
    );
  }

  hide() {
    this.#root.hidden = true;
  }

  #topic({ topic, score, count }, most) {
    const bar = el("i", { "aria-hidden": "true" });
    bar.style.width = `${(100 * Math.sqrt(score)) / most}%`;
    const link = el(
      "a",
      {
        href: `?${new URLSearchParams({ q: topic })}`,
        title: `in ${plural(count, "of the best results", "of the best results")}`,
        onclick: (event) => {
          if (event.ctrlKey || event.metaKey || event.shiftKey) return;
          event.preventDefault();
          this.#onChoose(topic);
        },
      },
      el("span", {}, topic),
      bar,
    );
    return el("li", {}, link);
  }
}
