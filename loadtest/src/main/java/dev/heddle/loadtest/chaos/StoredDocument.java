package dev.heddle.loadtest.chaos;

/**
 * A document as it was read.
 *
 * @param json without its id
 */
public record StoredDocument(String id, String json, long version) {}
