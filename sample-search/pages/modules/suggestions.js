// The search box as a combobox: https://www.w3.org/WAI/ARIA/apg/patterns/combobox/

import { el, folded } from "./text.js";

const SHOWN = 8;

export class Suggestions {
  #box;
  #list;
  #onChoose;
  #options = [];
  #active = -1;
  #typed = "";

  /** @param onChoose called with the text to search for */
  constructor(box, list, onChoose) {
    this.#box = box;
    this.#list = list;
    this.#onChoose = onChoose;
    list.addEventListener("mousedown", (event) => event.preventDefault()); // Keeps the focus in the box.
    list.addEventListener("click", (event) => {
      const index = [...list.children].indexOf(event.target.closest("li"));
      if (index >= 0) this.#choose(index);
    });
  }

  get open() {
    return !this.#list.hidden;
  }

  /** Shows names of articles: first those that begin as typed, then those with such a word. */
  showArticles(typed, hits) {
    const matches = hits.map(({ fields }) => ({ fields, ...matchingLabel(typed, fields) }));
    matches.sort((a, b) => a.distance - b.distance);
    this.#show(
      matches.slice(0, SHOWN).map(({ fields, label }) => {
        const other = label !== fields.title;
        return {
          text: fields.title,
          content: [
            el("span", { class: "label", dir: "auto" }, ...marked(label, typed)),
            other ? el("span", { class: "title" }, fields.title) : null,
            fields.type?.[0] ? el("span", { class: "kind" }, fields.type[0]) : null,
          ],
          spoken: other ? `${label}, ${fields.title}` : label,
        };
      }),
    );
  }

  /** Shows what was searched for before. */
  showRecent(searches) {
    this.#show(
      searches.slice(0, SHOWN).map((text) => ({
        text,
        content: [el("span", { class: "label past" }, text)],
        spoken: `${text}, searched before`,
      })),
    );
  }

  close() {
    this.#list.hidden = true;
    this.#box.setAttribute("aria-expanded", "false");
    this.#box.removeAttribute("aria-activedescendant");
    this.#active = -1;
  }

  /** Moves through the options, and back to what was typed. */
  move(step) {
    const count = this.#options.length;
    this.#active = ((this.#active + 1 + step + count + 1) % (count + 1)) - 1;
    this.#box.value = this.#active < 0 ? this.#typed : this.#options[this.#active].text;
    this.#mark();
  }

  /** Closes, and leaves in the box what was typed. */
  dismiss() {
    this.#box.value = this.#typed;
    this.close();
  }

  /** Takes the active option; false where there is none. */
  take() {
    if (!this.open || this.#active < 0) return false;
    this.#choose(this.#active);
    return true;
  }

  #choose(index) {
    const { text } = this.#options[index];
    this.close();
    this.#onChoose(text);
  }

  #show(options) {
    this.#typed = this.#box.value;
    this.#options = options;
    this.#active = -1;
    this.#list.replaceChildren(
      ...options.map(({ content, spoken }, index) =>
        el("li", { id: `option-${index}`, role: "option", "aria-selected": "false", "aria-label": spoken }, ...content),
      ),
    );
    this.#list.hidden = options.length === 0;
    this.#box.setAttribute("aria-expanded", String(options.length > 0));
    this.#mark();
  }

  #mark() {
    [...this.#list.children].forEach((item, index) => item.setAttribute("aria-selected", String(index === this.#active)));
    if (this.#active < 0) {
      this.#box.removeAttribute("aria-activedescendant");
    } else {
      this.#box.setAttribute("aria-activedescendant", `option-${this.#active}`);
      this.#list.children[this.#active].scrollIntoView({ block: "nearest" });
    }
  }
}

/** The label that was meant, and how far it is from what was typed. */
function matchingLabel(typed, { title, labels = [] }) {
  const names = [title, ...labels];
  const plain = typed.trim().toLowerCase();
  const wanted = folded(typed);
  const words = wanted.split(" ");
  const tests = [
    (label) => label.toLowerCase().startsWith(plain),
    (label) => folded(label).startsWith(wanted),
    (label) => {
      const own = folded(label).split(" ");
      return words.every((word, index) =>
        own.some((other) => (index < words.length - 1 ? other === word : other.startsWith(word))),
      );
    },
  ];
  for (const [distance, test] of tests.entries()) {
    const label = names.find(test);
    if (label) return { label, distance };
  }
  return { label: title, distance: tests.length };
}

/** The part of the label that was typed, and the rest. */
function marked(label, typed) {
  const length = typed.trim().length;
  if (folded(label.slice(0, length)) !== folded(typed)) return [label];
  return [el("b", {}, label.slice(0, length)), label.slice(length)];
}
