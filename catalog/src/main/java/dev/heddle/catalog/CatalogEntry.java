package dev.heddle.catalog;

/**
 * A stored entry.
 *
 * @param value JSON of the record
 * @param revision of the write that last changed it
 */
record CatalogEntry(String key, String value, long revision) {}
