;; A scatter function that says what it does: its answer is true.
;; Build: wat2wasm speaks.wat -o speaks.wasm
(module
  (import "heddle" "log" (func $log (param i32 i32)))
  (memory (export "memory") 1)
  (data (i32.const 16) "trueleaffinish")
  (global $next (mut i32) (i32.const 1024))

  (func (export "heddle_alloc") (param $size i32) (result i32)
    (local $at i32)
    (local.set $at (global.get $next))
    (global.set $next (i32.add (local.get $at) (local.get $size)))
    (local.get $at))

  (func (export "heddle_prepare") (param i32 i32) (result i32)
    (i32.const 0))

  (func (export "heddle_leaf") (param i32) (result i64)
    (call $log (i32.const 20) (i32.const 4))
    (i64.const 0x1000000001))

  (func (export "heddle_merge") (param i32 i32 i32 i32) (result i64)
    (i64.const 0x1000000001))

  (func (export "heddle_finish") (param i32 i32 i32 i32) (result i64)
    (call $log (i32.const 24) (i32.const 6))
    (i64.const 0x1000000004)))
