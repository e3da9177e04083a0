package dev.heddle.gateway.connection;

import dev.heddle.gateway.http.EdgeErrors;
import dev.heddle.gateway.session.ConnectionTable.By;
import dev.heddle.gateway.websocket.CloseCodes;
import dev.heddle.json.JsonFields;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.TraceContext;
import java.time.Instant;
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
  private static final Set<String> AUTHENTICATE = Set.of(Envelopes.FIELD, "token");

  private final Resumables resumables;
  private final ResumableConnection stay;
  private final Upkeep upkeep;

  /** Null: it is open. Not kept for longer, as there are many of them. */
  private Entrance.@Nullable Entered entered;

  private @Nullable WebSocketTransport transport;

  /** When the user's session was last kept alive. */
  private long touchedNanos;

  /** How many of the client's frames have been taken. Owned by whoever has the last frame. */
  private long received;

  /** Keeps what a client shows and does good for the time to come. Of all sockets. */
  interface Upkeep {
    /**
     * A token was shown on the socket.
     *
     * @return until when it holds
     * @throws HeddleException if it does not
     */
    Instant renew(Client client, WebSocketTransport socket, String token);

    /**
     * A frame came that is a use of the connection.
     *
     * @param touchedNanos what this has returned before
     */
    long used(Client client, long touchedNanos);
  }

  /**
   * A socket that is about to open.
   *
   * @param nowNanos when its client's session was kept alive
   */
  ResumableSocket(Resumables resumables, Entrance.Entered entered, Upkeep upkeep, long nowNanos) {
    this.resumables = resumables;
    this.stay = entered.connection();
    this.entered = entered;
    this.received = entered.known().done();
    this.upkeep = upkeep;
    this.touchedNanos = nowNanos;
  }

  @Override
  public void opened(WebSocketTransport opened) {
    Entrance.Entered first = entered;
    if (first == null) {
      throw new IllegalStateException("socket: open already");
    }
    entered = null;
    transport = opened;
    stay.opened(opened, first.welcome(), first.known().channels());
    if (first.known().call() == 0) {
      opened.demand();
      return;
    }
    // The next frame waits for the answer to the last one, wherever that is worked on.
    var _ =
        resumables
            .calls()
            .settle(stay.key(), first.known())
            .thenRun(stay::pull)
            .whenComplete((_, _) -> opened.demand());
  }

  @Override
  public void frame(Payload frame) {
    Optional<JsonNode> control = Optional.empty();
    try {
      control = ChannelFrames.control(frame);
      if (control.isEmpty() || isUse(control.get())) {
        touchedNanos = upkeep.used(stay.client(), touchedNanos);
      }
      if (control.isPresent()) {
        obey(control.get());
      } else {
        work(0, frame);
      }
    } catch (RuntimeException e) {
      if (e instanceof HeddleException known && known.code() == ErrorCode.GONE) {
        resumables.check(stay);
      }
      String trace = TraceContext.create().traceId();
      String about = control.map(ChannelFrames::about).orElse("");
      tell(Envelopes.error(EdgeErrors.of(e, trace), trace, about));
    }
  }

  /**
   * What a client sends by itself, to say what it has read or to hear that we are there, is not.
   */
  private boolean isUse(JsonNode json) {
    return switch (json.path(Envelopes.FIELD).asString("")) {
      case "ack" -> false;
      case "message" -> {
        long number = json.path("number").asLong(0);
        yield number <= 0 || number > received;
      }
      default -> true;
    };
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
        stay.acknowledge(offset);
      }
      case "close" -> {
        var _ = new JsonFields("", json, CLOSE);
        var _ = resumables.end(stay.key(), stay.epoch(), CloseCodes.NORMAL, "closed by the client");
      }
      case "authenticate" -> authenticate(new JsonFields("", json, AUTHENTICATE).text("token"));
      default ->
          resumables
              .channels()
              .frames()
              .obey(stay.key(), new By(0, stay.epoch()), stay.client(), json)
              .ifPresent(this::tell);
    }
  }

  private void authenticate(String token) {
    WebSocketTransport open = transport;
    if (open != null) {
      tell(Envelopes.authenticated(upkeep.renew(stay.client(), open, token)));
    }
  }

  private void message(JsonFields fields) {
    long number = fields.integer("number", 1, Long.MAX_VALUE).orElse(0);
    work(number, ReplyChannels.payload(fields));
  }

  private void work(long number, Payload frame) {
    received = resumables.work(stay.client(), 0, stay.epoch(), number, frame);
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
    try {
      if (opened && (code == CloseCodes.NORMAL || code == CloseCodes.NO_CODE)) {
        var _ = resumables.end(stay.key(), stay.epoch(), CloseCodes.NORMAL, reason);
      }
    } finally {
      resumables.detached(stay);
    }
  }
}
