// A second look at the best matches of a query: their score, raised by a number that each holds.
// As re-ranker, which explains it. A partial is the best matches, best first: base and number as
// 8 bytes each, then the id behind its length.
import {
  COMMUTATIVE, alloc, bytes, columnAdvance, columnDouble, columnLong, columnOpen, json, reject,
  segmentBase, segmentSize, shardFields, shardSearch, shardSegments, taken, text,
} from "../../../../kits/assemblyscript/assembly/heddle";
import { Json, parse, quote } from "../../../../kits/assemblyscript/assembly/json";

class Found {
  document: i32 = 0;
  number: f64 = 0;
  score: f64 = 0;
  constructor(public id: string, public base: f64) {}
}

let k: i32 = 10;
let field: string = "rank";
let depth: i32 = 100;
let weight: f64 = 1;
let pivot: f64 = 0.5;

export function heddle_alloc(size: i32): usize {
  return alloc(size);
}

function number(args: Json, name: string, otherwise: f64, min: f64, max: f64): f64 {
  const value = args.get(name);
  if (value.isNull()) return otherwise;
  if (value.kind != "number" || value.number < min || value.number > max) {
    reject(name + ": " + value.text + " (expected: a number in " + min.toString() + ".." + max.toString() + ")");
  }
  return value.number;
}

export function heddle_prepare(at: usize, length: i32): i32 {
  const request = parse(text(at, length));
  const args = request.get("args");
  const known = ["field", "depth", "weight", "pivot"];
  for (let i = 0; i < args.names.length; i++) {
    if (!known.includes(args.names[i])) {
      reject(args.names[i] + ": unknown (expected: one of field, depth, weight, pivot)");
    }
  }
  k = <i32>request.get("k").number;
  if (!args.get("field").isNull()) {
    if (args.get("field").kind != "string") reject("field: (expected: a string)");
    field = args.get("field").text;
  }
  const wanted = number(args, "depth", 100, 1, 1000);
  if (wanted != Math.floor(wanted)) reject("depth: (expected: an integer in 1..1000)");
  depth = <i32>wanted;
  weight = number(args, "weight", 1, 0, 100);
  pivot = number(args, "pivot", 0.5, 1e-9, 1e18);
  return 0;
}

function best(found: Found[]): Found[] {
  found.sort((a, b) => (a.base != b.base ? (a.base > b.base ? -1 : 1) : a.id < b.id ? -1 : a.id > b.id ? 1 : 0));
  return found.slice(0, depth);
}

function write(found: Found[]): u64 {
  const ids = new Array<ArrayBuffer>();
  let size = 0;
  for (let i = 0; i < found.length; i++) {
    ids.push(String.UTF8.encode(found[i].id));
    size += 20 + ids[i].byteLength;
  }
  const content = new ArrayBuffer(size);
  let at = changetype<usize>(content);
  for (let i = 0; i < found.length; i++) {
    store<f64>(at, found[i].base);
    store<f64>(at + 8, found[i].number);
    store<i32>(at + 16, ids[i].byteLength);
    memory.copy(at + 20, changetype<usize>(ids[i]), ids[i].byteLength);
    at += 20 + ids[i].byteLength;
  }
  return bytes(content);
}

function read(content: ArrayBuffer): Found[] {
  const found = new Array<Found>();
  let at: usize = 0;
  const start = changetype<usize>(content);
  while (<i32>at < content.byteLength) {
    const length = load<i32>(start + at + 16);
    const one = new Found(String.UTF8.decodeUnsafe(start + at + 20, length), load<f64>(start + at));
    one.number = load<f64>(start + at + 8);
    found.push(one);
    at += 20 + length;
  }
  return found;
}

export function heddle_leaf(shard: i32): u64 {
  const kind = parse(shardFields(shard)).get(field).text;
  if (kind != "DOUBLE" && kind != "LONG" && kind != "DATE") {
    reject("field: " + field + " is " + kind + " (expected: a long, date or double field)");
  }
  const hits = parse(shardSearch(shard, "{\"k\":" + depth.toString() + "}")).get("documents").values;
  const found = new Array<Found>();
  for (let i = 0; i < hits.length; i++) {
    const one = new Found(hits[i].get("id").text, hits[i].get("score").number);
    one.document = <i32>hits[i].get("document").number;
    found.push(one);
  }
  found.sort((a, b) => a.document - b.document);
  const segments = shardSegments(shard);
  let next = 0;
  for (let segment = 0; segment < segments && next < found.length; segment++) {
    const base = segmentBase(shard, segment);
    const end = base + segmentSize(shard, segment);
    if (found[next].document >= end) continue;
    const column = columnOpen(shard, segment, field);
    for (; next < found.length && found[next].document < end; next++) {
      if (columnAdvance(column, found[next].document - base) > 0) {
        const value = kind == "DOUBLE" ? columnDouble(column) : <f64>columnLong(column);
        found[next].number = value > 0 ? value : 0;
      }
    }
  }
  return write(best(found));
}

export function heddle_merge(a: usize, aLength: i32, b: usize, bLength: i32): u64 {
  return write(best(read(taken(a, aLength)).concat(read(taken(b, bLength)))));
}

export function heddle_finish(at: usize, length: i32, coverage: usize, coverageLength: i32): u64 {
  taken(coverage, coverageLength);
  const found = read(taken(at, length));
  for (let i = 0; i < found.length; i++) {
    const one = found[i];
    one.score = one.base * (1 + weight * (one.number / (one.number + pivot)));
  }
  found.sort((a, b) => (a.score != b.score ? (a.score > b.score ? -1 : 1) : a.id < b.id ? -1 : a.id > b.id ? 1 : 0));
  let hits = "";
  for (let i = 0; i < found.length && i < k; i++) {
    const one = found[i];
    hits += (i > 0 ? "," : "") + "{\"id\":" + quote(one.id) + ",\"score\":" + one.score.toString()
      + ",\"base\":" + one.base.toString() + "}";
  }
  return json("{\"hits\":[" + hits + "]}");
}

export function heddle_laws(): i32 {
  return COMMUTATIVE;
}
