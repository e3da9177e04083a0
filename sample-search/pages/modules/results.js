// The list of results. An improved answer changes what differs, and moves what moved: nothing
// flickers, and the focus stays where it is.

import { date, el, highlighted, short } from "./text.js";

export class Results {
  #list;
  #shown = new Map();

  constructor(list) {
    this.#list = list;
  }

  /** Shows these hits; what is shown already and unchanged is left alone. */
  show(hits) {
    const shown = new Map();
    const items = hits.map((hit) => {
      const print = JSON.stringify([hit.fields, hit.highlights]);
      const old = this.#shown.get(hit.id);
      const item = old?.print === print ? old.item : result(hit);
      shown.set(hit.id, { item, print });
      return item;
    });
    const focused = this.#list.contains(document.activeElement) ? this.focusedId() : null;
    items.forEach((item, index) => {
      if (this.#list.children[index] !== item) this.#list.insertBefore(item, this.#list.children[index] ?? null);
    });
    while (this.#list.children.length > items.length) this.#list.lastElementChild.remove();
    this.#shown = shown;
    if (focused && shown.has(focused)) shown.get(focused).item.querySelector("a").focus({ preventScroll: true });
  }

  clear() {
    this.#list.replaceChildren();
    this.#shown.clear();
  }

  get empty() {
    return this.#list.children.length === 0;
  }

  /** Says that a new answer is on its way, once it takes a while. */
  busy(value) {
    this.#list.setAttribute("aria-busy", String(value));
  }

  focusedId() {
    return document.activeElement?.closest("li.result")?.dataset.id ?? null;
  }

  /** Moves the focus; false at an end of the list. */
  move(step) {
    const items = [...this.#list.children];
    const at = items.findIndex((item) => item.contains(document.activeElement));
    const next = items[at < 0 ? (step > 0 ? 0 : -1) : at + step];
    if (!next) return false;
    const link = next.querySelector("a");
    link.focus({ preventScroll: true });
    next.scrollIntoView({ block: "nearest" });
    return true;
  }
}

function result({ id, fields = {}, highlights = {} }) {
  const address = safe(fields.url) ?? safe(id);
  const title = highlights.title?.[0] ? highlighted(highlights.title[0]) : (fields.title ?? id);
  const alias = (highlights.aliases ?? [])[0];
  return el(
    "li",
    { class: "result", "data-id": id },
    el(
      "article",
      {},
      el("h3", {}, el("a", { href: address, rel: "noopener noreferrer", target: "_blank" }, title)),
      alias ? el("p", { class: "alias" }, "also: ", highlighted(alias)) : null,
      el("p", { class: "snippet" }, snippet(fields, highlights)),
      facts(id, fields),
    ),
  );
}

function snippet(fields, highlights) {
  const fragments = highlights.abstract ?? [];
  if (fragments.length === 0) return fields.abstract ?? "";
  const nodes = document.createDocumentFragment();
  fragments.forEach((fragment, index) => nodes.append(index > 0 ? " … " : "", highlighted(fragment)));
  return nodes;
}

function facts(id, { type = [], birthDate, population, location, url }) {
  const place = type.includes("Place");
  const facts = [
    ...type.map((one) => el("span", { class: "kind" }, one)),
    birthDate ? el("span", {}, `born ${date(birthDate)}`) : null,
    population ? el("span", {}, `${short(population)} people`) : null,
    place && location ? el("span", {}, coordinates(location)) : null,
  ];
  const resource = safe(id);
  if (resource && safe(url)) {
    facts.push(el("a", { href: resource, rel: "noopener noreferrer", target: "_blank", tabindex: "-1" }, "DBpedia"));
  }
  return el("p", { class: "facts" }, ...facts);
}

function coordinates({ lat, lon }) {
  const degrees = (value, positive, negative) => `${Math.abs(value).toFixed(2)}° ${value < 0 ? negative : positive}`;
  return `${degrees(lat, "N", "S")}, ${degrees(lon, "E", "W")}`;
}

/** Only addresses of the web become links. */
function safe(address) {
  return /^https?:\/\//.test(address ?? "") ? address : null;
}
