/**
 * After the scatter: merging of partial answers, exact about what they cover and what they cost.
 *
 * <p>Used by a query's own thread only.
 */
@NullMarked
package dev.heddle.coordinator.gather;

import org.jspecify.annotations.NullMarked;
