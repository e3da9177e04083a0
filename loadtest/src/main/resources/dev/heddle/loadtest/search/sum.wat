;; The sum of the field n over all documents of a dataset without deletions, for natural numbers.
;; Build: wat2wasm sum.wat -o sum.wasm
(module
  (import "heddle" "column_open" (func $open (param i32 i32 i32 i32) (result i32)))
  (import "heddle" "column_advance" (func $advance (param i32 i32) (result i32)))
  (import "heddle" "column_long" (func $long (param i32) (result i64)))
  (import "heddle" "shard_segments" (func $segments (param i32) (result i32)))
  (import "heddle" "segment_size" (func $size (param i32 i32) (result i32)))
  (memory (export "memory") 20)
  (data (i32.const 0) "n")
  (global $next (mut i32) (i32.const 65536))

  (func (export "heddle_alloc") (param $n i32) (result i32)
    (local $p i32)
    (local.set $p (global.get $next))
    (global.set $next
      (i32.and (i32.add (i32.add (local.get $p) (local.get $n)) (i32.const 7)) (i32.const -8)))
    (local.get $p))

  (func (export "heddle_laws") (result i32) (i32.const 1))
  (func (export "heddle_prepare") (param i32 i32) (result i32) (i32.const 0))

  (func $segment (param $shard i32) (param $number i32) (result i64)
    (local $c i32) (local $i i32) (local $end i32) (local $sum i64)
    (local.set $c
      (call $open (local.get $shard) (local.get $number) (i32.const 0) (i32.const 1)))
    (local.set $end (call $size (local.get $shard) (local.get $number)))
    (block $done
      (loop $l
        (br_if $done (i32.ge_s (local.get $i) (local.get $end)))
        (if (call $advance (local.get $c) (local.get $i))
          (then (local.set $sum (i64.add (local.get $sum) (call $long (local.get $c))))))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br $l)))
    (local.get $sum))

  (func $partial (param $sum i64) (result i64)
    (i64.store (i32.const 16) (local.get $sum))
    (i64.or (i64.shl (i64.const 16) (i64.const 32)) (i64.const 8)))

  (func (export "heddle_leaf") (param $shard i32) (result i64)
    (local $i i32) (local $end i32) (local $sum i64)
    (local.set $end (call $segments (local.get $shard)))
    (block $done
      (loop $l
        (br_if $done (i32.ge_s (local.get $i) (local.get $end)))
        (local.set $sum
          (i64.add (local.get $sum) (call $segment (local.get $shard) (local.get $i))))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br $l)))
    (call $partial (local.get $sum)))

  (func (export "heddle_merge") (param $a i32) (param i32) (param $b i32) (param i32) (result i64)
    (call $partial (i64.add (i64.load (local.get $a)) (i64.load (local.get $b)))))

  ;; As decimal digits, written from behind.
  (func (export "heddle_finish") (param $a i32) (param $length i32) (param i32 i32) (result i64)
    (local $left i64) (local $at i32)
    (if (local.get $length) (then (local.set $left (i64.load (local.get $a)))))
    (local.set $at (i32.const 64))
    (loop $l
      (local.set $at (i32.sub (local.get $at) (i32.const 1)))
      (i32.store8 (local.get $at)
        (i32.add (i32.const 48) (i32.wrap_i64 (i64.rem_u (local.get $left) (i64.const 10)))))
      (local.set $left (i64.div_u (local.get $left) (i64.const 10)))
      (br_if $l (i64.ne (local.get $left) (i64.const 0))))
    (i64.or
      (i64.shl (i64.extend_i32_u (local.get $at)) (i64.const 32))
      (i64.extend_i32_u (i32.sub (i32.const 64) (local.get $at))))))
