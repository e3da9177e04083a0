// How an answer came about: a waterfall of leaves and shards, coverage, and the bill.

import { bytes, duration, el, number, plural } from "./text.js";

/** All of the panel for an answer. */
export function explanation(answer) {
  const { explanation: how, coverage, bill } = answer;
  const leaves = how?.leaves ?? [];
  const shards = leaves.flatMap((leaf) => leaf.shards ?? []);
  return [
    figures([
      [duration(answer.tookMicros), "at the coordinator"],
      [`${coverage.shards.answered + coverage.shards.skipped} / ${coverage.shards.total}`, "shards"],
      [`${number(coverage.seen)}`, `of ${number(coverage.target)} documents covered`],
      leaves.length > 0 ? [String(leaves.length), leaves.length === 1 ? "leaf" : "leaves"] : null,
      shards.length > 0 ? [number(shards.reduce((sum, { matched }) => sum + matched, 0)), "matched"] : null,
    ]),
    how ? waterfall(how, answer.tookMicros) : null,
    el("div", { class: "tables" }, billTable(bill), coverageTable(answer)),
    el("p", { class: "note" }, "Trace ", el("code", {}, answer.traceId ?? "–")),
  ].filter(Boolean);
}

function figures(pairs) {
  return el(
    "dl",
    { class: "figures" },
    ...pairs.filter(Boolean).map(([value, name]) => el("div", {}, el("dd", {}, value), el("dt", {}, name))),
  );
}

/** Times since the query's admission, in microseconds, on one scale. */
function waterfall(how, tookMicros) {
  const ends = how.leaves.map((leaf) => leaf.receivedMicros);
  const scattered = how.planMicros + how.scatterMicros;
  const total = Math.max(1, tookMicros, scattered + how.finishMicros, ...ends);
  const rows = [row("plan", "phase", 0, how.planMicros, total, "which shards")];
  for (const leaf of how.leaves) rows.push(...leafRows(leaf, total));
  rows.push(row("finish", "phase", scattered, how.finishMicros, total, "the answer"));
  const ticks = [0, 0.25, 0.5, 0.75, 1].map((part) => el("span", {}, duration(part * total)));
  return el(
    "figure",
    { class: "waterfall" },
    el("ol", { "aria-label": "Waterfall of this query" }, ...rows),
    el("div", { class: "scale", "aria-hidden": "true" }, ...ticks),
    el(
      "figcaption",
      {},
      el("span", { class: "key wait" }, "call"),
      el("span", { class: "key queue" }, "queue"),
      el("span", { class: "key work" }, "leaf at work"),
      el("span", { class: "key shard" }, "shard"),
    ),
  );
}

/** The call, and inside it the leaf's queue and work, then its shards; the way is split evenly. */
function leafRows(leaf, total) {
  const span = Math.max(0, leaf.receivedMicros - leaf.sentMicros);
  if (leaf.error) return [row(leaf.node, "leaf failed", leaf.sentMicros, span, total, leaf.error)];
  const way = Math.max(0, (span - leaf.queueMicros - leaf.activeMicros) / 2);
  const queued = leaf.sentMicros + way;
  const started = queued + leaf.queueMicros;
  const head = row(leaf.node, "leaf", leaf.sentMicros, span, total, bytes(leaf.responseBytes));
  const track = head.querySelector(".track");
  track.append(bar("queue", queued, leaf.queueMicros, total), bar("work", started, leaf.activeMicros, total));
  const shards = (leaf.shards ?? []).map((shard) =>
    row(
      `shard ${shard.shard}`,
      "shard",
      started + shard.startMicros,
      shard.activeMicros,
      total,
      `${number(shard.matched)} of ${number(shard.documents)}`,
    ),
  );
  return [head, ...shards];
}

function row(name, kind, start, length, total, note) {
  return el(
    "li",
    { class: kind },
    el("span", { class: "name" }, name),
    el("span", { class: "track" }, bar("span", start, length, total)),
    el("span", { class: "time" }, duration(length)),
    el("span", { class: "what", title: note }, note),
  );
}

function bar(kind, start, length, total) {
  const node = el("i", { class: kind });
  node.style.left = `${Math.min(100, (100 * start) / total)}%`;
  node.style.width = `${Math.min(100, (100 * length) / total)}%`;
  return node;
}

function table(caption, lines) {
  return el(
    "table",
    {},
    el("caption", {}, caption),
    el("tbody", {}, ...lines.map(([name, value]) => el("tr", {}, el("th", { scope: "row" }, name), el("td", {}, value)))),
  );
}

function billTable(bill) {
  const perMillion = bill.costPicos / 1e6;
  const lines = [
    ["Time at work", duration(bill.activeNanos / 1000)],
    ["CPU time", duration(bill.cpuNanos / 1000)],
    ["Time in queues", duration(bill.queueNanos / 1000)],
    ["Documents scanned", number(bill.documentsScanned)],
    ["Shard operations", number(bill.shardOperations)],
    ["Read", bytes(bill.bytesRead)],
    ["Sent", bytes(bill.bytesSent)],
    ["Hedged calls", number(bill.hedges)],
    ["A million such, by the rate card", perMillion.toLocaleString("en", { maximumSignificantDigits: 3 })],
  ];
  const state = bill.complete ? "settled" : `still open: ${(bill.open ?? []).join(", ") || "some"}`;
  return table(`Bill (${state})`, lines);
}

function coverageTable({ coverage, statisticsEpoch, explanation: how }) {
  const share = coverage.target > 0 ? coverage.seen / coverage.target : 1;
  const lines = [
    ["Covered", `${(100 * share).toFixed(share === 1 ? 0 : 1)} %`],
    ["Documents seen", number(coverage.seen)],
    ["Documents reachable", number(coverage.active)],
    ["Documents in all", number(coverage.target)],
    ["Shards that answered", plural(coverage.shards.answered, "shard")],
    ["Shards that could not match", plural(coverage.shards.skipped, "shard")],
    ...coverage.missing.map(({ shard, reason }) => [`Shard ${shard} is missing`, reason.replaceAll("_", " ")]),
  ];
  if (how) lines.push(["Rounds for statistics", number(how.statisticsRounds)]);
  if (statisticsEpoch) lines.push(["Statistics epoch", statisticsEpoch]);
  return table("Coverage", lines);
}
