;; What a node runs before it is asked for anything, so that the JVM knows how. Build: wat2wasm
;; warm-up.wat -o warm-up.wasm; WarmUpTest says how to compile it.
(module
  (import "heddle" "log" (func $log (param i32 i32)))
  (import "heddle" "remaining_micros" (func $remaining (result i64)))
  (memory (export "memory") 1 2)
  (table 1 1 funcref)
  (elem (i32.const 0) $allocate)
  (global $next (mut i32) (i32.const 1024))
  (data (i32.const 0) "ready")

  (func $allocate (param $size i32) (result i32)
    (local $at i32)
    (local.set $at (global.get $next))
    (global.set $next (i32.add (local.get $at) (local.get $size)))
    (local.get $at))
  (func (export "heddle_alloc") (param $size i32) (result i32)
    (call_indirect (param i32) (result i32) (local.get $size) (i32.const 0)))

  ;; Replies with its event, once it has written and read a little, and called its host.
  (func (export "heddle_handle") (param $event i32) (param $length i32) (result i64)
    (local $i i32)
    (loop $again
      (i32.store8 (i32.const 512) (i32.load8_u (i32.const 0)))
      (i32.store16 (i32.const 514) (i32.load16_u (i32.const 0)))
      (i32.store (i32.const 516) (i32.load (i32.const 0)))
      (i64.store (i32.const 520) (i64.load (i32.const 0)))
      (f64.store (i32.const 528) (f64.add (f64.load (i32.const 528)) (f64.const 1)))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $again (i32.lt_u (local.get $i) (i32.const 100))))
    (drop (memory.grow (i32.const 1)))
    (memory.copy (i32.const 2048) (i32.const 0) (i32.const 64))
    (i64.store (i32.const 536) (call $remaining))
    (call $log (i32.const 0) (i32.const 5))
    (i64.or
      (i64.shl (i64.extend_i32_u (local.get $event)) (i64.const 32))
      (i64.extend_i32_u (local.get $length)))))
