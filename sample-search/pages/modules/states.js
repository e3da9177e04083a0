// What stands above or instead of results: figures, partial answers, errors, nothing found.

import { isFiltered } from "./question.js";
import { duration, el, number, plural } from "./text.js";

/** "1,234 articles · 1.31 ms · 8 of 8 shards" */
export function summary(answer, last) {
  const { value, relation } = answer.total;
  const { answered, skipped, total } = answer.coverage.shards;
  const count = relation === "gte" ? `more than ${plural(value, "article")}` : plural(value, "article");
  return [
    el("strong", {}, count),
    el("span", {}, duration(answer.tookMicros)),
    el("span", { class: last ? (answered + skipped === total ? "whole" : "") : "pending" }, `${answered + skipped} of ${plural(total, "shard")}`),
  ];
}

const REASONS = {
  deadline: "too late",
  unreachable: "not reachable",
  no_replica: "on no leaf",
  failed: "failed",
  refused: "refused the call",
  cancelled: "cancelled",
  stale: "too far behind",
  pending: "still being asked",
};

/** Says what an incomplete answer lacks. */
export function partialNotice(coverage, retry) {
  const byReason = Map.groupBy
    ? Map.groupBy(coverage.missing, ({ reason }) => reason)
    : groupBy(coverage.missing, ({ reason }) => reason);
  const parts = [...byReason].map(
    ([reason, shards]) => `${shards.map(({ shard }) => shard).join(", ")} ${REASONS[reason] ?? reason}`,
  );
  const missing = coverage.missing.length;
  return notice(
    "partial",
    `${missing} of ${plural(coverage.shards.total, "shard")} did not answer: ${parts.join("; ")}.`,
    `These results cover ${number(coverage.seen)} of ${number(coverage.target)} articles.`,
    retry,
  );
}

function groupBy(values, key) {
  const groups = new Map();
  for (const value of values) groups.set(key(value), [...(groups.get(key(value)) ?? []), value]);
  return groups;
}

const TITLES = {
  USER: "That question could not be asked as it stands.",
  CAPACITY: "The cluster is busy, or does not answer in time.",
  INTERNAL: "Something went wrong in the cluster.",
};

/** Says what went wrong; only the user's own mistakes cannot be tried again. */
export function errorNotice({ kind, name, message, traceId }, retry) {
  const details = [message, name ? `(${name})` : "", traceId ? `Trace ${traceId}.` : ""].filter(Boolean).join(" ");
  return notice("error", TITLES[kind] ?? TITLES.INTERNAL, details, kind === "USER" ? null : retry);
}

function notice(kind, title, details, retry) {
  return el(
    "div",
    { class: `notice ${kind}` },
    el("p", {}, el("strong", {}, title), " ", details),
    retry ? el("button", { class: "quiet", type: "button", onclick: () => retry() }, "Try again") : null,
  );
}

/** Nothing matches. */
export function blankSlate(question, withoutFilters) {
  const filtered = isFiltered(question);
  return el(
    "div",
    { class: "blank" },
    el("h2", {}, question.text ? `Nothing found for “${question.text}”` : "Nothing found"),
    el(
      "p",
      {},
      filtered
        ? "The filters leave nothing over."
        : "Try other words, fewer of them, or the name in another language. The articles are those of an older, smaller Wikipedia.",
    ),
    filtered ? el("button", { class: "more", type: "button", onclick: withoutFilters }, "Search without filters") : null,
  );
}

/** Stands for results that take a while. */
export function skeleton() {
  const line = (size) => el("i", { class: size });
  const item = () => el("div", {}, line("heading"), line("long"), line("short"));
  return el("div", { class: "skeleton", "aria-hidden": "true" }, item(), item(), item(), item());
}
