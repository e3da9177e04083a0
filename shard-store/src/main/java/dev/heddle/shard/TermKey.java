package dev.heddle.shard;

/**
 * A term of a field, as indexed.
 *
 * @param field a text field, or the internal field of all weighted text
 */
public record TermKey(String field, String term) {}
