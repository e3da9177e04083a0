package dev.heddle.shard;

import java.util.Optional;

/**
 * What a read by id found.
 *
 * @param document empty: there is none
 * @param index the state that was read, of the shard's log
 * @param incarnation of the shard that the index belongs to
 * @param stalenessMicros how old the state may be; 0: nothing newer can be anywhere
 */
public record ReadDocument(
    Optional<StoredDocument> document, long index, String incarnation, long stalenessMicros) {}
