/**
 * Experiments about functions: what an invocation over HTTP costs beside Google's functions
 * framework, how a burst is borne, whether bills are right, how soon new code runs.
 *
 * <p>Called by {@link dev.heddle.loadtest.Bench}, on one thread. Each starts a cluster of processes
 * of its own and ends it; the load comes from this process, one thread over all connections. The
 * handlers among the classes here run in those clusters, without the rest of the package.
 */
@NullMarked
package dev.heddle.loadtest.invoke;

import org.jspecify.annotations.NullMarked;
