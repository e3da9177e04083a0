package dev.heddle.gateway.connection;

import dev.heddle.gateway.http.EdgeErrors;
import dev.heddle.gateway.http.Exchange;
import dev.heddle.gateway.http.Route;
import dev.heddle.json.Json;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * {@code /@connections/{id}}, as AWS API Gateway has it, so that its clients need not know whom
 * they speak to.
 */
final class PushRoutes {
  /** With and without a stage, which names nothing here; some clients escape the @. */
  private static final List<String> TEMPLATES =
      List.of(
          "/@connections/{id}",
          "/%40connections/{id}",
          "/{stage}/@connections/{id}",
          "/{stage}/%40connections/{id}");

  /** Where AWS's clients find the kind of an error, and its message. */
  private static final String ERROR_TYPE = "x-amzn-ErrorType";

  private static final String ERROR_MESSAGE = "x-amzn-error-message";

  private final Pushes pushes;

  PushRoutes(Pushes pushes) {
    this.pushes = pushes;
  }

  List<Route> routes() {
    var routes = new ArrayList<Route>();
    for (String template : TEMPLATES) {
      routes.add(new Route("POST", template, true, answering(this::send)));
      routes.add(new Route("GET", template, true, answering(this::get)));
      routes.add(new Route("DELETE", template, true, answering(this::delete)));
    }
    return routes;
  }

  private static Route.Handling answering(Route.Handling handling) {
    return exchange -> {
      try {
        handling.handle(exchange);
      } catch (HeddleException e) {
        String type = errorType(e.code());
        if (type != null) {
          exchange.header(ERROR_TYPE, type);
          exchange.header(ERROR_MESSAGE, String.valueOf(e.getMessage()));
        }
        throw e;
      }
    };
  }

  /** As AWS names it; null: it has no name for this one. */
  private static @Nullable String errorType(ErrorCode code) {
    return switch (EdgeErrors.httpStatus(code)) {
      case 403 -> "ForbiddenException";
      case 410 -> "GoneException";
      case 413 -> "PayloadTooLargeException";
      case 429 -> "LimitExceededException";
      default -> null;
    };
  }

  private void send(Exchange exchange) throws IOException {
    byte[] body = exchange.body(Pushes.MOST);
    pushes.send(exchange.tenant(), exchange.parameter("id"), frame(body), false);
    exchange.empty(200);
  }

  /** AWS's clients do not say what their bytes are: what can be a text frame is one. */
  static Payload frame(byte[] body) {
    try {
      var _ = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(body));
      return Payload.text(body);
    } catch (CharacterCodingException e) {
      return new Payload(body, true);
    }
  }

  private void get(Exchange exchange) {
    Described found = pushes.find(exchange.tenant(), exchange.parameter("id"), false);
    exchange.json(
        200,
        Json.write(json -> {
          json.writeStartObject();
          json.writeStringProperty("connectedAt", found.client().connectedAt().toString());
          json.writeStringProperty("lastActiveAt", found.active().toString());
          json.writeObjectPropertyStart("identity");
          json.writeStringProperty("sourceIp", found.client().remoteAddress());
          json.writeStringProperty("userAgent", found.client().userAgent());
          json.writeEndObject();
          json.writeEndObject();
        }));
  }

  private void delete(Exchange exchange) {
    pushes.end(exchange.tenant(), exchange.parameter("id"), false);
    exchange.empty(204);
  }
}
