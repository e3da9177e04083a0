/**
 * For tests of functions, without a cluster: a shard in memory, and the laws that a scatter
 * function has to keep.
 *
 * <p>Function authors call it from their tests, on one thread. It needs no test framework: what
 * fails throws an AssertionError.
 */
@NullMarked
package dev.heddle.function.testkit;

import org.jspecify.annotations.NullMarked;
