package dev.heddle.shard;

import org.jspecify.annotations.Nullable;

/**
 * One document as it is to be.
 *
 * @param json null: it goes
 */
record Change(String id, byte @Nullable [] json) {}
