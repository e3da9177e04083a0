package dev.heddle.replication;

import org.jspecify.annotations.Nullable;

/**
 * A proposal that a majority has on disk and that the leader has applied.
 *
 * @param result what {@link Replica#apply} returned; null also where a repeated call was answered
 *     after the leader that applied it was gone
 */
public record Written(long index, @Nullable Object result) {}
