;; A handler that replies with its event. Build: wat2wasm function.wat -o function.wasm
(module
  (memory (export "memory") 1)
  (global $next (mut i32) (i32.const 1024))

  ;; Room for what the platform passes: a pointer that only moves up, in an instance that lives for
  ;; one event; the memory grows where it does not suffice.
  (func (export "heddle_alloc") (param $size i32) (result i32)
    (local $at i32)
    (local.set $at (global.get $next))
    (global.set $next (i32.add (local.get $at) (local.get $size)))
    (if (i32.gt_u (global.get $next) (i32.shl (memory.size) (i32.const 16)))
      (then
        (if (i32.eq
              (memory.grow
                (i32.add (i32.shr_u (local.get $size) (i32.const 16)) (i32.const 1)))
              (i32.const -1))
          (then (unreachable)))))
    (local.get $at))

  ;; A reply is an address in the upper half and a length in the lower one.
  (func (export "heddle_handle") (param $event i32) (param $length i32) (result i64)
    (i64.or
      (i64.shl (i64.extend_i32_u (local.get $event)) (i64.const 32))
      (i64.extend_i32_u (local.get $length)))))
