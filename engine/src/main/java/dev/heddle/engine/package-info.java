/**
 * Runs functions in sandboxes, and translates requests between the wire and what functions see.
 *
 * <p>Leaves and coordinators call it; it knows nothing of shards or sessions beyond the interfaces
 * that functions see. {@link dev.heddle.engine.Engine} is safe for any thread; a {@link
 * dev.heddle.engine.ScatterRun} is used by one thread at a time and runs on its caller's thread;
 * handlers run on the engine's own platform threads.
 *
 * <p>A {@link dev.heddle.engine.FunctionRuntime} runs code of one kind; the rest of the package
 * knows none of them by name. It checks code at the deploy, loads it once on each node, and makes a
 * {@link dev.heddle.engine.Sandbox} for an event or for a query. What code may do besides computing
 * goes through {@link dev.heddle.engine.Platform}, the same for every runtime.
 *
 * <p>An event goes from {@link dev.heddle.engine.Engine#invoke} to the {@code Dispatcher}, which
 * finds it a thread and a sandbox of the {@code SandboxPool}; the {@code InvocationTask} runs it
 * and the {@code InvocationMeter} says what it took.
 *
 * <p>The {@code java} runtime is for trusted code only: a class loader keeps names apart, not
 * tenants. Such code can start threads, use any memory, and read what the process can read. {@code
 * java-enabled: false} turns it off.
 */
@NullMarked
package dev.heddle.engine;

import org.jspecify.annotations.NullMarked;
