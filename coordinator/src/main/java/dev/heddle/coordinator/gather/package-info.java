/**
 * After the scatter: merging of partial answers, exact about what they cover and what they cost;
 * and of pages of shards into pages of a scan.
 *
 * <p>Used by a query's or a scan's own thread only.
 */
@NullMarked
package dev.heddle.coordinator.gather;

import org.jspecify.annotations.NullMarked;
