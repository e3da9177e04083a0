// Text into nodes, and figures into text. Nothing here ever parses HTML.

const ENTITIES = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'", nbsp: "\u00a0" };

/** Makes an element: attributes by name, "on…" as listeners, children as text or nodes. */
export function el(name, attributes = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else node.setAttribute(key, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

/** A fragment as the cluster sends it, escaped HTML with <em> around matches, as nodes; neighbours become one. */
export function highlighted(fragment) {
  const nodes = document.createDocumentFragment();
  let inside = false;
  for (const part of fragment.replace(/<\/em>(\s+)<em>/g, "$1").split(/(<\/?em>)/)) {
    if (part === "<em>" || part === "</em>") {
      inside = part === "<em>";
    } else if (part) {
      const text = unescaped(part);
      nodes.append(inside ? el("em", {}, text) : text);
    }
  }
  return nodes;
}

function unescaped(text) {
  return text.replace(/&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|([a-z]{2,4}));/gi, (all, decimal, hex, name) => {
    if (name) return ENTITIES[name.toLowerCase()] ?? all;
    const code = decimal ? Number.parseInt(decimal, 10) : Number.parseInt(hex, 16);
    return code <= 0x10ffff ? String.fromCodePoint(code) : all;
  });
}

const whole = new Intl.NumberFormat("en");
const compact = new Intl.NumberFormat("en", { notation: "compact", maximumSignificantDigits: 3 });

/** 33,929 */
export const number = (value) => whole.format(value);

/** 12.3M */
export const short = (value) => compact.format(value);

/** "1 shard", "3 shards" */
export const plural = (count, one, many = `${one}s`) => `${number(count)} ${count === 1 ? one : many}`;

/** Microseconds as people read them: 870 µs, 1.27 ms, 2.1 s. */
export function duration(micros) {
  if (micros < 1000) return `${Math.round(micros)} µs`;
  if (micros < 1e6) return `${figures(micros / 1000)} ms`;
  return `${figures(micros / 1e6)} s`;
}

/** Bytes as people read them. */
export function bytes(count) {
  if (count < 1024) return `${count} B`;
  if (count < 1024 * 1024) return `${figures(count / 1024)} KiB`;
  return `${figures(count / 1024 / 1024)} MiB`;
}

function figures(value) {
  return value >= 100 ? String(Math.round(value)) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
}

const dates = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "long", year: "numeric", timeZone: "UTC" });

/** 14 March 1879 */
export function date(iso) {
  const time = Date.parse(iso);
  return Number.isNaN(time) ? iso : dates.format(time);
}

/** Letters alone, in lower case, without accents: what a prefix is compared by. */
export const folded = (text) =>
  text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase().replace(/[^\p{L}\p{N}]+/gu, " ").trim();
