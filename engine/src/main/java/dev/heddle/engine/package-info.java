/**
 * Runs functions in sandboxes, and translates requests between the wire and what functions see.
 *
 * <p>Leaves and coordinators call it; it knows nothing of shards or sessions beyond the interfaces
 * that functions see. {@link dev.heddle.engine.Engine} is safe for any thread; a {@link
 * dev.heddle.engine.ScatterRun} is used by one thread at a time and runs on its caller's thread;
 * handlers run on the engine's own platform threads.
 *
 * <p>The {@code java} runtime is for trusted code only: a class loader keeps names apart, not
 * tenants. Such code can end the process, start threads, use any memory, and read what the process
 * can read. {@code java-enabled: false} turns it off.
 */
@NullMarked
package dev.heddle.engine;

import org.jspecify.annotations.NullMarked;
