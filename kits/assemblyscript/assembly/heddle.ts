// Heddle functions in AssemblyScript: what the host offers, and how bytes go to and fro.

// @ts-ignore: decorator
@external("heddle", "call")
declare function hostCall(op: usize, opLength: i32, args: usize, argsLength: i32): i32;
// @ts-ignore: decorator
@external("heddle", "reply")
declare function hostReply(into: usize): void;
// @ts-ignore: decorator
@external("heddle", "reply_length")
declare function hostReplyLength(): i32;
// @ts-ignore: decorator
@external("heddle", "fail")
declare function hostFail(kind: i32, words: usize, length: i32): void;
// @ts-ignore: decorator
@external("heddle", "log")
declare function hostLog(line: usize, length: i32): void;
// @ts-ignore: decorator
@external("heddle", "remaining_micros")
export declare function remainingMicros(): i64;
// @ts-ignore: decorator
@external("heddle", "shard_documents")
export declare function shardDocuments(shard: i32): i64;
// @ts-ignore: decorator
@external("heddle", "shard_fields")
declare function hostFields(shard: i32): i32;
// @ts-ignore: decorator
@external("heddle", "shard_search")
declare function hostSearch(shard: i32, request: usize, length: i32): i32;
// @ts-ignore: decorator
@external("heddle", "shard_segments")
export declare function shardSegments(shard: i32): i32;
// @ts-ignore: decorator
@external("heddle", "segment_base")
export declare function segmentBase(shard: i32, segment: i32): i32;
// @ts-ignore: decorator
@external("heddle", "segment_size")
export declare function segmentSize(shard: i32, segment: i32): i32;
// @ts-ignore: decorator
@external("heddle", "column_open")
declare function hostColumnOpen(shard: i32, segment: i32, field: usize, length: i32): i32;
// @ts-ignore: decorator
@external("heddle", "column_advance")
export declare function columnAdvance(column: i32, document: i32): i32;
// @ts-ignore: decorator
@external("heddle", "column_long")
export declare function columnLong(column: i32): i64;
// @ts-ignore: decorator
@external("heddle", "column_double")
export declare function columnDouble(column: i32): f64;

const REJECT: i32 = 0;
const FAILED: i32 = 1;

/** Partials commute. */
export const COMMUTATIVE: i32 = 1;
/** Merging a partial with itself changes nothing. */
export const IDEMPOTENT: i32 = 2;

/** Room for what the host passes; pinned, for the host holds no reference. */
export function alloc(size: i32): usize {
  return __pin(changetype<usize>(new ArrayBuffer(size)));
}

/** Bytes that the host passed; frees their room. */
export function taken(at: usize, length: i32): ArrayBuffer {
  const bytes = new ArrayBuffer(length);
  if (length > 0) {
    memory.copy(changetype<usize>(bytes), at, length);
    __unpin(at);
  }
  return bytes;
}

export function text(at: usize, length: i32): string {
  return String.UTF8.decode(taken(at, length));
}

let returned: ArrayBuffer = new ArrayBuffer(0);

/** What a function returns to the host, which copies it before anything else runs. */
export function bytes(content: ArrayBuffer): u64 {
  returned = content;
  return ((<u64>changetype<usize>(content)) << 32) | <u64>content.byteLength;
}

export function json(content: string): u64 {
  return bytes(String.UTF8.encode(content));
}

function stop(kind: i32, words: string): void {
  const utf8 = String.UTF8.encode(words);
  hostFail(kind, changetype<usize>(utf8), utf8.byteLength);
}

/** Refuses the request, in these words; does not come back. */
export function reject(words: string): void {
  stop(REJECT, words);
}

/** Ends the run as failed; does not come back. */
export function fail(words: string): void {
  stop(FAILED, words);
}

export function heddleAbort(message: string | null, file: string | null, line: u32, column: u32): void {
  fail((message ? message : "abort") + " (" + (file ? file : "") + ":" + line.toString() + ")");
}

export function log(line: string): void {
  const utf8 = String.UTF8.encode(line);
  hostLog(changetype<usize>(utf8), utf8.byteLength);
}

function answer(length: i32): string {
  const content = new ArrayBuffer(length);
  hostReply(changetype<usize>(content));
  return String.UTF8.decode(content);
}

/** A platform operation, with a JSON object of arguments; its reply, or the refusal, as JSON. */
export function call(operation: string, args: string): string {
  const op = String.UTF8.encode(operation);
  const body = String.UTF8.encode(args);
  const length = hostCall(
    changetype<usize>(op), op.byteLength, changetype<usize>(body), body.byteLength);
  refused = length < 0;
  return answer(refused ? hostReplyLength() : length);
}

/** Whether the last call was refused. */
export let refused: bool = false;

export function shardFields(shard: i32): string {
  return answer(hostFields(shard));
}

export function shardSearch(shard: i32, request: string): string {
  const body = String.UTF8.encode(request);
  return answer(hostSearch(shard, changetype<usize>(body), body.byteLength));
}

export function columnOpen(shard: i32, segment: i32, field: string): i32 {
  const name = String.UTF8.encode(field);
  return hostColumnOpen(shard, segment, changetype<usize>(name), name.byteLength);
}
