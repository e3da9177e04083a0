/**
 * The systems that people would use instead: how they are fetched, started and ended. What there
 * is, is in {@link dev.heddle.loadtest.measure.Peer}; what they are asked, experiments know.
 *
 * <p>Called by experiments, on their thread. Nothing of this is part of what is shipped: peers come
 * from Maven Central or npm when somebody asks for them, into the user's own caches.
 */
@NullMarked
package dev.heddle.loadtest.peer;

import org.jspecify.annotations.NullMarked;
