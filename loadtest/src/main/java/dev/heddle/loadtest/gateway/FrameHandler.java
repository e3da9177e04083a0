package dev.heddle.loadtest.gateway;

import dev.heddle.function.Context;
import dev.heddle.function.Event;
import dev.heddle.function.Handler;
import dev.heddle.function.JsonObject;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What apps of experiments route frames to: sends a frame back; on the route {@code who}, the
 * connection's id; on {@code version}, the function's version, a space and the frame. On {@code
 * join}, it has the connection listen to the channel that stands last in the frame, in quotes.
 * Takes part in {@code $connect} and {@code $disconnect} without a word.
 */
public final class FrameHandler implements Handler {
  @Override
  public @Nullable Object handle(Event event, Context context) {
    var request = event.object().object("requestContext").orElse(JsonObject.EMPTY);
    return switch (request.string("routeKey")) {
      case "who" -> Map.of("body", request.string("connectionId"));
      case "version" -> Map.of("body", context.version() + " " + event.object().string("body"));
      case "join" -> {
        var body = event.object().string("body");
        int end = body.lastIndexOf('"');
        var channel = body.substring(body.lastIndexOf('"', end - 1) + 1, end);
        yield Map.of("body", channel, "heddle", Map.of("subscribe", List.of(channel)));
      }
      case "$connect", "$disconnect" -> null;
      default -> Map.of("body", event.object().string("body"));
    };
  }
}
