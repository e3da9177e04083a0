package dev.heddle.gateway.connection;

import dev.heddle.gateway.http.EdgeErrors;
import dev.heddle.json.Json;
import dev.heddle.json.JsonFields;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.TraceContext;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * A WebSocket of the subprotocol {@link Envelopes#PROTOCOL}: one stay of a resumable connection.
 * Owned by the socket's thread.
 */
final class ResumableSocket implements WebSocketTransport.Holder {
  private static final Set<String> MESSAGE =
      Set.of(Envelopes.FIELD, "number", "body", "isBase64Encoded");
  private static final Set<String> ACK = Set.of(Envelopes.FIELD, "offset");
  private static final Set<String> CLOSE = Set.of(Envelopes.FIELD);

  private final Resumables resumables;
  private final Entrance.Entered entered;
  private final Runnable used;
  private @Nullable WebSocketTransport transport;

  /**
   * A socket that is about to open.
   *
   * @param used told of each frame
   */
  ResumableSocket(Resumables resumables, Entrance.Entered entered, Runnable used) {
    this.resumables = resumables;
    this.entered = entered;
    this.used = used;
  }

  @Override
  public void opened(WebSocketTransport opened) {
    transport = opened;
    entered.connection().opened(opened, entered.welcome());
    if (entered.known().call() == 0) {
      opened.demand();
      return;
    }
    // The next frame waits for the answer to the last one, wherever that is worked on.
    var _ =
        resumables
            .calls()
            .settle(entered.connection().key(), entered.known())
            .thenRun(entered.connection()::pull)
            .whenComplete((_, _) -> opened.demand());
  }

  @Override
  public void frame(Payload frame) {
    try {
      used.run();
      Optional<JsonNode> control = control(frame);
      if (control.isPresent()) {
        obey(control.get());
      } else {
        work(0, frame);
      }
    } catch (RuntimeException e) {
      if (e instanceof HeddleException known && known.code() == ErrorCode.GONE) {
        resumables.check(entered.connection());
      }
      String trace = TraceContext.create().traceId();
      tell(Envelopes.error(EdgeErrors.of(e, trace), trace));
    }
  }

  /** The gateway's own frames are JSON objects with its field. */
  private static Optional<JsonNode> control(Payload frame) {
    if (frame.binary()
        || !new String(frame.bytes(), StandardCharsets.UTF_8)
            .contains("\"" + Envelopes.FIELD + "\"")) {
      return Optional.empty();
    }
    try {
      return Optional.of(Json.parse(frame.bytes())).filter(json -> json.has(Envelopes.FIELD));
    } catch (HeddleException e) {
      // Not JSON: the application's.
      return Optional.empty();
    }
  }

  private void obey(JsonNode json) {
    String kind = json.path(Envelopes.FIELD).asString("");
    switch (kind) {
      case "message" -> message(new JsonFields("", json, MESSAGE));
      case "ack" -> {
        long offset =
            new JsonFields("", json, ACK)
                .integer("offset", 0, Long.MAX_VALUE)
                .orElseThrow(() ->
                    new HeddleException(
                        ErrorCode.INVALID_REQUEST, "offset: missing (expected: an integer)"));
        entered.connection().acknowledge(offset);
      }
      case "close" -> {
        var _ = new JsonFields("", json, CLOSE);
        var _ =
            resumables.end(
                entered.connection().key(),
                entered.connection().epoch(),
                CloseCodes.NORMAL,
                "closed by the client");
      }
      default ->
          throw new HeddleException(
              ErrorCode.INVALID_REQUEST,
              "heddle: " + json.get(Envelopes.FIELD) + " (expected: message, ack or close)");
    }
  }

  private void message(JsonFields fields) {
    long number = fields.integer("number", 1, Long.MAX_VALUE).orElse(0);
    String body = fields.textOrNull("body");
    if (body == null) {
      throw new HeddleException(ErrorCode.INVALID_REQUEST, "body: missing (expected: a text)");
    }
    Payload frame;
    try {
      frame =
          fields.flag("isBase64Encoded")
              ? new Payload(Base64.getDecoder().decode(body), true)
              : Payload.text(body.getBytes(StandardCharsets.UTF_8));
    } catch (IllegalArgumentException e) {
      throw new HeddleException(ErrorCode.INVALID_REQUEST, "body: (expected: base64)", e);
    }
    work(number, frame);
  }

  private void work(long number, Payload frame) {
    ResumableConnection stay = entered.connection();
    long received = resumables.work(stay.client(), 0, stay.epoch(), number, frame);
    if (number > 0) {
      tell(Envelopes.received(received));
    }
  }

  private void tell(byte[] json) {
    WebSocketTransport open = transport;
    if (open != null) {
      open.control(json);
    }
  }

  @Override
  public void failed() {
    // The connection survives its socket, and so does its call.
  }

  @Override
  public void closed(boolean opened, int code, String reason) {
    ResumableConnection stay = entered.connection();
    try {
      if (opened && (code == CloseCodes.NORMAL || code == CloseCodes.NO_CODE)) {
        var _ = resumables.end(stay.key(), stay.epoch(), CloseCodes.NORMAL, reason);
      }
    } finally {
      resumables.detached(stay);
    }
  }
}
