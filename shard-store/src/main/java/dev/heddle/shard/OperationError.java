package dev.heddle.shard;

import dev.heddle.process.ErrorCode;

/**
 * Why one operation of a batch was refused; the others are not touched by it.
 *
 * @param index in the batch, from 0
 */
public record OperationError(int index, String id, ErrorCode code, String message) {}
