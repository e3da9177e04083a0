package dev.heddle.cli.client;

/**
 * A write that is durable.
 *
 * @param found whether the document was there before; for a put without a condition always false
 * @param version of the document now; 0: there is none
 * @param shard that holds it
 * @param incarnation of the shard
 * @param index of the write in the shard's history
 * @param positionToken what was written, for later reads
 */
public record DocumentWrite(
    boolean found, long version, int shard, String incarnation, long index, String positionToken) {}
