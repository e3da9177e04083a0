/**
 * For tests of functions, without a cluster: a context with data and a session in memory for
 * handlers; a shard in memory, and the laws that it has to keep, for scatter functions.
 *
 * <p>Function authors call it from their tests, on one thread. It needs no test framework: what
 * fails throws an AssertionError.
 */
@NullMarked
package dev.heddle.function.testkit;

import org.jspecify.annotations.NullMarked;
