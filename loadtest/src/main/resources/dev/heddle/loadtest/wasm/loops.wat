;; Loops for the benchmarks. Build: wat2wasm loops.wat -o loops.wasm
(module
  (import "heddle" "column_open" (func $open (param i32 i32 i32 i32) (result i32)))
  (import "heddle" "column_advance" (func $advance (param i32 i32) (result i32)))
  (import "heddle" "column_long" (func $long (param i32) (result i64)))
  (import "heddle" "shard_get" (func $get (param i32 i32 i32) (result i32)))
  (import "heddle" "segment_size" (func $size (param i32 i32) (result i32)))
  (memory (export "memory") 20)
  (data (i32.const 0) "n")
  (data (i32.const 8) "id7")
  (global $next (mut i32) (i32.const 1245184))

  (func (export "heddle_alloc") (param $n i32) (result i32)
    (local $p i32)
    (local.set $p (global.get $next))
    (global.set $next (i32.add (local.get $p) (local.get $n)))
    (local.get $p))

  ;; xorshift, and a histogram in memory: the event's length says which, 1 or 2.
  (func $mix (result i64)
    (local $i i32) (local $x i64)
    (local.set $x (i64.const 88172645463325252))
    (loop $l
      (local.set $x (i64.xor (local.get $x) (i64.shl (local.get $x) (i64.const 13))))
      (local.set $x (i64.xor (local.get $x) (i64.shr_u (local.get $x) (i64.const 7))))
      (local.set $x (i64.xor (local.get $x) (i64.shl (local.get $x) (i64.const 17))))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $l (i32.lt_s (local.get $i) (i32.const 1000000))))
    (local.get $x))

  (func $histogram (result i64)
    (local $i i32) (local $p i32)
    (loop $l
      (local.set $p
        (i32.add (i32.const 65536)
          (i32.shl
            (i32.and (i32.mul (local.get $i) (i32.const -1640531527)) (i32.const 65535))
            (i32.const 2))))
      (i32.store (local.get $p) (i32.add (i32.load (local.get $p)) (local.get $i)))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $l (i32.lt_s (local.get $i) (i32.const 1000000))))
    (i64.extend_i32_u (i32.load (i32.const 65536))))

  (func (export "heddle_handle") (param $p i32) (param $n i32) (result i64)
    (i64.store (i32.const 16)
      (if (result i64) (i32.eq (local.get $n) (i32.const 1))
        (then (call $mix)) (else (call $histogram))))
    (i64.or (i64.shl (i64.const 16) (i64.const 32)) (i64.const 8)))

  ;; The request's args decide nothing: documents 0, 1, 2… of segment 0, by column or by id.
  (func (export "heddle_prepare") (param i32 i32) (result i32) (i32.const 0))
  (func $values (param $shard i32) (result i64)
    (local $c i32) (local $i i32) (local $end i32) (local $sum i64)
    (local.set $c
      (call $open (local.get $shard) (i32.const 0) (i32.const 0) (i32.const 1)))
    (local.set $end (call $size (local.get $shard) (i32.const 0)))
    (loop $l
      (if (call $advance (local.get $c) (local.get $i))
        (then (local.set $sum (i64.add (local.get $sum) (call $long (local.get $c))))))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $l (i32.lt_s (local.get $i) (local.get $end))))
    (local.get $sum))

  ;; One pass over the column, then gets of one document.
  (func (export "heddle_leaf") (param $shard i32) (result i64)
    (i64.store (i32.const 16) (call $values (local.get $shard)))
    (i64.or (i64.shl (i64.const 16) (i64.const 32)) (i64.const 8)))
  (func (export "heddle_complete") (param $p i32) (param $n i32) (result i64)
    (local $i i32)
    (loop $l
      (drop (call $get (i32.const 0) (i32.const 8) (i32.const 3)))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $l (i32.lt_s (local.get $i) (i32.const 1000))))
    (i64.or (i64.shl (i64.extend_i32_u (local.get $p)) (i64.const 32)) (i64.const 8)))
  (func (export "heddle_merge") (param i32 i32 i32 i32) (result i64) (i64.const 8))
  (func (export "heddle_finish") (param i32 i32 i32 i32) (result i64) (i64.const 8)))
