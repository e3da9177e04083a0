// What was said in a room, in its order. Whatever it says, it is shown as text.

import { el } from "./text.js";

const NEAR = 80; // Who is so near to the end stays there.
const MOST = 500;
const LAST = 8.64e15; // milliseconds: no date is later
const time = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const day = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
const whole = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });

export class Messages {
  #list;
  #scroller;
  #shown = new Map(); // id → its item
  #atEnd = true;

  constructor(list) {
    this.#list = list;
    this.#scroller = list.parentElement;
    this.#scroller.addEventListener("scroll", () => {
      const { scrollHeight, scrollTop, clientHeight } = this.#scroller;
      this.#atEnd = scrollHeight - scrollTop - clientHeight < NEAR;
    });
    // A box that grows, or a keyboard, leaves less room.
    new ResizeObserver(() => this.#follow()).observe(this.#scroller);
  }

  clear() {
    this.#shown.clear();
    this.#list.replaceChildren();
    this.#atEnd = true;
  }

  /**
   * Adds a message at its place, unless it is there: history and channel may both have it. One of
   * kind "waiting" is one's own on its way: it stands at the end until it comes back.
   */
  add(id, fields) {
    if (!good(fields)) return;
    const { from, kind, text, at } = fields;
    const waits = kind === "waiting";
    const there = this.#shown.get(id);
    if (there && (waits || there.className !== "waiting")) return;
    there?.remove();
    const list = this.#list;
    const date = new Date(at);
    const short = date.toDateString() === new Date().toDateString() ? time : day;
    const item = el(
      "li",
      { class: kind, "data-at": waits ? Infinity : at },
      el("bdi", { class: "from" }, from),
      el("time", { datetime: date.toISOString(), title: whole.format(date) }, short.format(date)),
      el("p", { class: "text", dir: "auto" }, text),
    );
    this.#shown.set(id, item);
    let before = list.lastElementChild;
    while (before && Number(before.dataset.at) > at) before = before.previousElementSibling;
    if (waits) list.append(item);
    else if (before) before.after(item);
    else list.prepend(item);
    if (this.#shown.size > MOST) this.#forget(list.firstElementChild);
    this.#atEnd ||= waits;
    this.#follow();
  }

  /** Takes one back that was waiting. */
  withdraw(id) {
    const item = this.#shown.get(id);
    if (item?.className === "waiting") this.#forget(item);
  }

  /** Whoever reads above is left there. */
  #follow() {
    if (this.#atEnd) this.#scroller.scrollTop = this.#scroller.scrollHeight;
  }

  #forget(item) {
    for (const [id, shown] of this.#shown) if (shown === item) this.#shown.delete(id);
    item.remove();
  }
}

/** Whoever may write into the dataset may write anything: nothing of it makes a page fail. */
function good(fields) {
  const { from, kind, text, at } = Object(fields);
  const strings = [from, kind, text].every((each) => typeof each === "string");
  return strings && Number.isFinite(at) && Math.abs(at) <= LAST;
}
