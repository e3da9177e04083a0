;; A handler that puts its event, {"name", "value"}, into the session, and replies with it.
;; Build: wat2wasm note.wat -o note.wasm
(module
  (import "heddle" "call" (func $call (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 16) "session.put")
  (global $next (mut i32) (i32.const 1024))

  (func (export "heddle_alloc") (param $size i32) (result i32)
    (local $at i32)
    (local.set $at (global.get $next))
    (global.set $next (i32.add (local.get $at) (local.get $size)))
    (local.get $at))

  (func (export "heddle_handle") (param $event i32) (param $length i32) (result i64)
    (if (i32.lt_s
          (call $call (i32.const 16) (i32.const 11) (local.get $event) (local.get $length))
          (i32.const 0))
      (then (unreachable)))
    (i64.or
      (i64.shl (i64.extend_i32_u (local.get $event)) (i64.const 32))
      (i64.extend_i32_u (local.get $length)))))
