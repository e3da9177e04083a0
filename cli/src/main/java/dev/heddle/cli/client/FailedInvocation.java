package dev.heddle.cli.client;

import tools.jackson.databind.JsonNode;

/**
 * What a function did before it failed.
 *
 * @param bill as the HTTP answer has it
 */
public record FailedInvocation(JsonNode bill, String version, String invocation) {}
