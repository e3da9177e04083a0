// A handler: {"name": "Ada"} gives {"greeting": "Hello, Ada!"}.
import { alloc, json, reject, text } from "./heddle";
import { parse, quote } from "./json";

export function heddle_alloc(size: i32): usize {
  return alloc(size);
}

export function heddle_handle(event: usize, length: i32): u64 {
  const name = parse(text(event, length)).get("name");
  if (name.kind != "string") reject("name: missing (expected: a string)");
  return json("{\"greeting\":" + quote("Hello, " + name.text + "!") + "}");
}
