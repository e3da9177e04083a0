package dev.heddle.cli.client;

import tools.jackson.databind.JsonNode;

/**
 * What a function answered to an event.
 *
 * @param bill as the HTTP answer has it
 */
public record Invoked(
    JsonNode result,
    JsonNode bill,
    String version,
    String invocation,
    String node,
    long tookMicros,
    String traceId) {}
