/**
 * What a function author compiles against: handlers that answer events, scatter functions that run
 * beside every shard of a dataset, and the shard that they see.
 *
 * <p>No dependencies: JSON is plain Java values (see {@link dev.heddle.function.JsonObject}). An
 * instance of a function is used by one thread at a time.
 */
@NullMarked
package dev.heddle.function;

import org.jspecify.annotations.NullMarked;
