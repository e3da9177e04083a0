package dev.heddle.shard;

/**
 * A document as it is stored.
 *
 * @param json not to be changed
 * @param version grows with every write of the document; a position of the shard's log
 */
public record StoredDocument(byte[] json, long version) {}
