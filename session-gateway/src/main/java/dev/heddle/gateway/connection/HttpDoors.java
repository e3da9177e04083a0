package dev.heddle.gateway.connection;

import dev.heddle.gateway.channel.Positions;
import dev.heddle.gateway.connection.PollTransport.Goodbye;
import dev.heddle.gateway.connection.PollTransport.Message;
import dev.heddle.gateway.connection.PollTransport.Polled;
import dev.heddle.gateway.http.Exchange;
import dev.heddle.gateway.session.ConnectionTable.By;
import dev.heddle.gateway.websocket.CloseCodes;
import dev.heddle.json.Json;
import dev.heddle.process.DataSize;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.Ticker;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonGenerator;
import tools.jackson.databind.JsonNode;

/**
 * {@code /sse/{app}} and {@code /poll/{app}}: GET receives, POST sends one frame and returns when
 * it has been answered, DELETE ends the connection.
 */
final class HttpDoors {
  private static final String BINARY = "application/octet-stream";

  private final Entrance entrance;
  private final Resumables resumables;
  private final Connections connections;
  private final Visitors visitors;
  private final WebSocketLimits limits;
  private final ResumeConfig config;
  private final Ticker ticker;

  HttpDoors(
      Entrance entrance,
      Resumables resumables,
      Connections connections,
      Visitors visitors,
      WebSocketLimits limits,
      ResumeConfig config,
      Ticker ticker) {
    this.entrance = entrance;
    this.resumables = resumables;
    this.connections = connections;
    this.visitors = visitors;
    this.limits = limits;
    this.config = config;
    this.ticker = ticker;
  }

  /** A stream of events. */
  void events(Exchange exchange) {
    AppSpec app = entrance.app(exchange);
    try (var place = place(exchange, app, "events", true)) {
      Entrance.Entered entered =
          place == null ? null : entrance.enter(exchange, app, place.visit());
      if (entered == null) {
        return;
      }
      try {
        stream(exchange, app, entered);
      } finally {
        resumables.detached(entered.connection());
      }
    }
  }

  private void stream(Exchange exchange, AppSpec app, Entrance.Entered entered) {
    ResumableConnection connection = entered.connection();
    var endPoint = exchange.request().getConnectionMetaData().getConnection().getEndPoint();
    var transport =
        new EventTransport(
            entered.resume(),
            app.limits().outgoing(limits.outgoing()),
            entered.read(),
            connections,
            ticker,
            endPoint::close);
    exchange.onGone(transport::abort);
    try {
      connections.opened(transport);
      exchange.user().ifPresent(user -> connections.expires(transport, user.expires()));
      connection.opened(transport, entered.welcome(), entered.known().channels());
      settle(entered);
      transport.run(exchange, config.heartbeat());
    } finally {
      connections.left(transport);
    }
  }

  /** Whoever worked on a frame when its gateway was lost has to be told by someone. */
  private void settle(Entrance.Entered entered) {
    if (entered.known().call() != 0) {
      var _ =
          resumables
              .calls()
              .settle(entered.connection().key(), entered.known())
              .thenRun(entered.connection()::pull);
    }
  }

  /** A poll. */
  void poll(Exchange exchange) throws InterruptedException {
    AppSpec app = entrance.app(exchange);
    boolean first = !entrance.resumes(exchange);
    try (var place = place(exchange, app, "poll", first)) {
      Entrance.Entered entered =
          place == null ? null : entrance.enterPoll(exchange, app, place.visit());
      if (entered == null) {
        return;
      }
      ResumableConnection stay = entered.connection();
      // The first one, and one that lost frames, has news without any.
      Duration most = first || !entered.recovered() ? Duration.ZERO : config.pollWait();
      PollTransport left = entered.goesOn();
      PollTransport transport =
          left != null
              ? left
              : new PollTransport(app.limits().outgoing(limits.outgoing()), entered.read());
      boolean lingers = false;
      try {
        Polled polled = poll(exchange, entered, transport, most);
        // Before the answer: its client may ask again as soon as it has that.
        lingers =
            polled.goodbye() == null
                && !connections.stopping()
                && resumables.lingers().begin(stay, transport, entered.known());
        answer(exchange, entered, polled);
        giveWay();
      } finally {
        if (!lingers) {
          resumables.detached(stay);
        }
      }
    }
  }

  /** Others have their answers to send, and those come first; nothing depends on it. */
  @SuppressWarnings("ThreadPriorityCheck")
  private static void giveWay() {
    Thread.yield();
  }

  private Polled poll(
      Exchange exchange, Entrance.Entered entered, PollTransport transport, Duration most)
      throws InterruptedException {
    long turn = transport.turn();
    exchange.onGone(() -> transport.gone(turn));
    try {
      connections.opened(transport);
      exchange.user().ifPresent(user -> connections.expires(transport, user.expires()));
      if (entered.goesOn() != null) {
        entered.connection().goesOn(entered.offset(), entered.known());
      } else {
        entered.connection().opened(transport, entered.welcome(), entered.known().channels());
      }
      settle(entered);
      if (most.isZero()) {
        // Its answer says where its channels are.
        entered.connection().subscriptions().await();
      }
      return transport.await(most);
    } finally {
      connections.left(transport);
    }
  }

  private static void answer(Exchange exchange, Entrance.Entered entered, Polled polled) {
    Goodbye goodbye = polled.goodbye();
    if (goodbye != null && goodbye.code() == CloseCodes.REPLACED) {
      exchange.error(
          409,
          new HeddleException(
              ErrorCode.CONFLICT, "poll: replaced by a newer one (expected: one at a time)"));
      return;
    }
    ResumableConnection connection = entered.connection();
    exchange.header("Cache-Control", "no-store");
    exchange.json(
        200,
        Json.write(json -> {
          json.writeStartObject();
          json.writeStringProperty("connection", connection.key().id());
          json.writeStringProperty("resume", entered.resume());
          json.writeBooleanProperty("recovered", entered.recovered());
          json.writeNumberProperty("offset", polled.offset());
          json.writeNumberProperty("received", entered.known().done());
          json.writeNumberProperty("windowMillis", entered.known().window().toMillis());
          json.writeArrayPropertyStart("messages");
          for (Message message : polled.messages()) {
            json.writeStartObject();
            json.writeNumberProperty("offset", message.offset());
            json.writeStringProperty("body", message.frame().body());
            if (message.frame().binary()) {
              json.writeBooleanProperty("isBase64Encoded", true);
            }
            json.writeEndObject();
          }
          json.writeEndArray();
          writeChannels(json, polled);
          if (goodbye != null) {
            json.writeObjectPropertyStart("closed");
            json.writeNumberProperty("code", goodbye.code());
            json.writeStringProperty("reason", goodbye.reason());
            json.writeEndObject();
          }
          json.writeEndObject();
        }));
  }

  /** Of a connection that listens to any, or did. */
  private static void writeChannels(JsonGenerator json, Polled polled) {
    if (polled.channels().isEmpty() && polled.publications().isEmpty()) {
      return;
    }
    json.writeStringProperty("channels", Positions.write(polled.channels()));
    json.writeArrayPropertyStart("publications");
    for (byte[] each : polled.publications()) {
      json.writeRawValue(new String(each, StandardCharsets.UTF_8));
    }
    json.writeEndArray();
  }

  /** A place for as long as the request takes; null: there is none, and the client knows. */
  private Connections.@Nullable Place place(
      Exchange exchange, AppSpec app, String transport, boolean anew) {
    Visitors.Visit visit = visitors.enter(exchange, anew);
    try {
      return connections.enter(
          exchange.tenant(), app.name(), transport, app.limits().connections(), visit);
    } catch (HeddleException e) {
      exchange.error(503, e);
      return null;
    }
  }

  /** A frame of the client. */
  void frame(Exchange exchange) throws IOException {
    AppSpec app = entrance.app(exchange);
    Tokens.Resume resume = entrance.permit(exchange, app);
    String counted = Entrance.parameter(exchange, "number");
    long number = Entrance.number("number", counted);
    byte[] body = exchange.body(new DataSize(app.limits().message(limits.message())));
    visitors.frame(resume.key(), body.length);
    boolean binary = BINARY.equals(exchange.header("Content-Type"));
    // What is counted is the app's, whatever it looks like.
    Optional<JsonNode> control =
        counted == null ? ChannelFrames.control(new Payload(body, binary)) : Optional.empty();
    if (control.isPresent()) {
      Client client = resumables.client(resume.key());
      Optional<byte[]> answer =
          resumables
              .channels()
              .frames()
              .obey(resume.key(), new By(resume.generation(), 0), client, control.get());
      if (answer.isPresent()) {
        exchange.json(200, answer.get());
      } else {
        exchange.empty(204);
      }
      return;
    }
    long received =
        resumables.work(
            resumables.client(resume.key()),
            resume.generation(),
            0,
            number,
            new Payload(body, binary));
    exchange.json(
        200,
        Json.write(json -> {
          json.writeStartObject();
          json.writeNumberProperty("received", received);
          json.writeEndObject();
        }));
  }

  /** The client's goodbye. */
  void end(Exchange exchange) {
    AppSpec app = entrance.app(exchange);
    Tokens.Resume resume = entrance.permit(exchange, app);
    resumables.endBy(resume, "closed by the client");
    exchange.empty(204);
  }
}
