/**
 * JMH benchmarks of the wasm runtime: fresh instances, first calls of shipped versions, hot loops,
 * calls of a sandbox and through a shard, each beside Java where there is such a thing. They run as
 * {@code dev.heddle.loadtest.inner} does, with this package's name.
 */
@NullMarked
package dev.heddle.loadtest.wasm;

import org.jspecify.annotations.NullMarked;
