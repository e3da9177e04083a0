package dev.heddle.gateway.connection;

import dev.heddle.gateway.channel.ChannelHub;
import dev.heddle.gateway.channel.ChannelHub.History;
import dev.heddle.gateway.http.Exchange;
import dev.heddle.gateway.http.QueryParameters;
import dev.heddle.gateway.http.Route;
import dev.heddle.gateway.session.ChannelKey;
import dev.heddle.gateway.session.ChannelPosition;
import dev.heddle.gateway.session.ChannelTable.Message;
import dev.heddle.gateway.session.PresenceTable.Present;
import dev.heddle.json.Json;
import dev.heddle.process.DataSize;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonGenerator;

/** {@code /v1/channels/{channel}}: what services do with channels. */
final class ChannelRoutes {
  private static final String CHANNEL = "/v1/channels/{channel}";
  private static final String CONNECTION = CHANNEL + "/connections/{id}";

  /** Connections that an answer names. */
  static final int MOST_NAMED = 1_000;

  private static final int USUAL_HISTORY = 100;

  private final ClientChannels channels;
  private final Pushes pushes;

  ChannelRoutes(ClientChannels channels, Pushes pushes) {
    this.channels = channels;
    this.pushes = pushes;
  }

  List<Route> routes() {
    return List.of(
        new Route("POST", CHANNEL, true, this::publish),
        new Route("GET", CHANNEL, true, this::history),
        new Route("GET", CHANNEL + "/presence", true, this::presence),
        new Route("PUT", CONNECTION, true, exchange -> listen(exchange, true)),
        new Route("DELETE", CONNECTION, true, exchange -> listen(exchange, false)));
  }

  private static ChannelKey key(Exchange exchange) {
    return ChannelKey.named(exchange.tenant(), exchange.parameter("channel"));
  }

  private void publish(Exchange exchange) throws IOException {
    ChannelKey key = key(exchange);
    byte[] body = exchange.body(new DataSize(channels.hub().largestMessage()));
    ChannelPosition at = channels.publish(key, PushRoutes.frame(body));
    exchange.json(
        200,
        Json.write(json -> {
          json.writeStartObject();
          writePosition(json, at);
          json.writeEndObject();
        }));
  }

  private void history(Exchange exchange) {
    ChannelKey key = key(exchange);
    var query = new QueryParameters(exchange, "epoch", "offset", "limit");
    OptionalLong limit = query.integer("limit", 1, ChannelHub.LONGEST_HISTORY);
    ChannelPosition after = after(query.text("epoch"), query.integer("offset", 0, Long.MAX_VALUE));
    History history = channels.hub().history(key, after, (int) limit.orElse(USUAL_HISTORY));
    exchange.json(
        200,
        Json.write(json -> {
          json.writeStartObject();
          json.writeStringProperty("channel", key.name());
          writePosition(json, history.at());
          json.writeBooleanProperty("recovered", history.recovered());
          json.writeBooleanProperty("more", history.more());
          json.writeArrayPropertyStart("messages");
          for (Message message : history.messages()) {
            write(json, message);
          }
          json.writeEndArray();
          json.writeEndObject();
        }));
  }

  static @Nullable ChannelPosition after(Optional<String> epoch, OptionalLong offset) {
    if (epoch.isEmpty() != offset.isEmpty()) {
      throw new HeddleException(
          ErrorCode.INVALID_REQUEST, "epoch, offset: one is missing (expected: both, or none)");
    }
    return epoch.map(name -> new ChannelPosition(name, offset.orElse(0))).orElse(null);
  }

  private static void write(JsonGenerator json, Message message) {
    json.writeStartObject();
    writePosition(json, message.at());
    json.writeStringProperty("time", message.time().toString());
    Payload payload = new Payload(message.bytes(), message.binary());
    json.writeStringProperty("body", payload.body());
    if (payload.binary()) {
      json.writeBooleanProperty("isBase64Encoded", true);
    }
    json.writeEndObject();
  }

  private static void writePosition(JsonGenerator json, ChannelPosition at) {
    json.writeStringProperty("epoch", at.epoch());
    json.writeNumberProperty("offset", at.offset());
  }

  private void presence(Exchange exchange) {
    ChannelKey key = key(exchange);
    Present present = channels.present(key, MOST_NAMED);
    exchange.json(
        200,
        Json.write(json -> {
          json.writeStartObject();
          json.writeStringProperty("channel", key.name());
          writePresence(json, present);
          json.writeEndObject();
        }));
  }

  /** How many there are, and who the first are. */
  static void writePresence(JsonGenerator json, Present present) {
    json.writeNumberProperty("count", present.count());
    json.writeArrayPropertyStart("connections");
    present
        .users()
        .forEach((id, user) -> {
          json.writeStartObject();
          json.writeStringProperty("id", id);
          if (!user.isEmpty()) {
            json.writeStringProperty("user", user);
          }
          json.writeEndObject();
        });
    json.writeEndArray();
  }

  private void listen(Exchange exchange, boolean begin) {
    Set<String> one = Set.of(key(exchange).name());
    pushes.channels(
        exchange.tenant(),
        exchange.parameter("id"),
        begin ? one : Set.of(),
        begin ? Set.of() : one,
        false);
    exchange.empty(204);
  }
}
