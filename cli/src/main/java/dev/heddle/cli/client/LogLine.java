package dev.heddle.cli.client;

import java.time.Instant;
import tools.jackson.databind.JsonNode;

/**
 * A line of a function's log.
 *
 * @param lost lines before it that were lost
 * @param json as the HTTP answer has it
 */
public record LogLine(
    Instant at,
    String node,
    String version,
    String invocation,
    String text,
    long lost,
    JsonNode json) {}
