package dev.heddle.loadtest.gateway;

import dev.heddle.function.Context;
import dev.heddle.function.Event;
import dev.heddle.function.Handler;
import dev.heddle.function.JsonObject;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What apps of experiments route frames to: sends a frame back; on the route {@code who}, the
 * connection's id; on {@code version}, the function's version, a space and the frame. Takes part in
 * {@code $connect} and {@code $disconnect} without a word.
 */
public final class FrameHandler implements Handler {
  @Override
  public @Nullable Object handle(Event event, Context context) {
    var request = event.object().object("requestContext").orElse(JsonObject.EMPTY);
    return switch (request.string("routeKey")) {
      case "who" -> Map.of("body", request.string("connectionId"));
      case "version" -> Map.of("body", context.version() + " " + event.object().string("body"));
      case "$connect", "$disconnect" -> null;
      default -> Map.of("body", event.object().string("body"));
    };
  }
}
