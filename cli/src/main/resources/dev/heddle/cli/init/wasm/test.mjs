// Runs the handler as the platform does: node test.mjs
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";

const module = await WebAssembly.compile(await readFile(new URL("function.wasm", import.meta.url)));

async function handle(event) {
  const { memory, heddle_alloc, heddle_handle } = (await WebAssembly.instantiate(module)).exports;
  const bytes = new TextEncoder().encode(JSON.stringify(event));
  const at = heddle_alloc(bytes.length);
  new Uint8Array(memory.buffer).set(bytes, at);
  const reply = BigInt.asUintN(64, heddle_handle(at, bytes.length));
  const from = Number(reply >> 32n);
  const length = Number(reply & 0xffffffffn);
  return JSON.parse(new TextDecoder().decode(new Uint8Array(memory.buffer, from, length)));
}

assert.deepEqual(await handle({ name: "Ada" }), { name: "Ada" });
assert.deepEqual(await handle({ text: "x".repeat(200_000) }), { text: "x".repeat(200_000) });
console.log("ok");
