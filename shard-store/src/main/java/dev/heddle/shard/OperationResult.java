package dev.heddle.shard;

/**
 * What became of one operation of a batch.
 *
 * @param index in the batch, from 0
 * @param version of the document now; 0: there is none
 * @param found for a delete, whether there was a document
 */
public record OperationResult(int index, long version, boolean found) {}
