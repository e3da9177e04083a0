package dev.heddle.cli.client;

import tools.jackson.databind.JsonNode;

/**
 * A document as it was read.
 *
 * @param version grows with each of its writes
 */
public record StoredDocument(String id, long version, JsonNode document) {}
