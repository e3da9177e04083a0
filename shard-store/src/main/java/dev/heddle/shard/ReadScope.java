package dev.heddle.shard;

import java.util.function.BooleanSupplier;

/**
 * What a reader acts under.
 *
 * @param stopped whether to stop now: cancelled, or past the deadline; polled at least once in
 *     1,024 documents, so it must be cheap
 */
public record ReadScope(StatisticsSnapshot statistics, BooleanSupplier stopped, ShardMeter meter) {}
