package dev.heddle.gateway.connection;

import dev.heddle.gateway.channel.ChannelRules.Rule;
import dev.heddle.gateway.session.ChannelKey;
import dev.heddle.gateway.session.ChannelPosition;
import dev.heddle.gateway.session.ConnectionKey;
import dev.heddle.gateway.session.ConnectionTable.By;
import dev.heddle.json.Json;
import dev.heddle.json.JsonFields;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/** What clients of resumable connections say of channels. Blocking; thread-safe. */
final class ChannelFrames {
  private static final Set<String> SUBSCRIBE =
      Set.of(Envelopes.FIELD, "channel", "epoch", "offset");
  private static final Set<String> PUBLISH =
      Set.of(Envelopes.FIELD, "channel", "body", "isBase64Encoded");
  private static final Set<String> NAMED = Set.of(Envelopes.FIELD, "channel");

  private final ResumableChannels resumables;
  private final ClientChannels channels;

  ChannelFrames(ResumableChannels resumables, ClientChannels channels) {
    this.resumables = resumables;
    this.channels = channels;
  }

  /** The gateway's own frames are JSON objects with its field. */
  static Optional<JsonNode> control(Payload frame) {
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

  /**
   * Does what a frame asks for.
   *
   * @param by which socket or token it came with
   * @return what its client is told now
   * @throws HeddleException FORBIDDEN where the app does not allow it, LIMIT_REACHED beyond as many
   *     channels as one may listen to, or as there may be
   */
  Optional<byte[]> obey(ConnectionKey connection, By by, Client client, JsonNode json) {
    String kind = json.path(Envelopes.FIELD).asString("");
    return switch (kind) {
      case "subscribe" -> {
        var fields = new JsonFields("", json, SUBSCRIBE);
        ChannelKey key = channels.permit(client, fields.text("channel"), kind, Rule::subscribe);
        channels.hub().requireRoom(key);
        yield resumables
            .subscribe(connection, by, key.name(), after(fields))
            .map(at -> Envelopes.subscribed(key.name(), at, true));
      }
      case "unsubscribe" -> {
        String name = new JsonFields("", json, NAMED).text("channel");
        ChannelKey key = ChannelKey.named(client.tenant(), name);
        resumables.listen(connection, by, Set.of(), Set.of(key.name()));
        yield Optional.empty();
      }
      case "publish" -> {
        var fields = new JsonFields("", json, PUBLISH);
        ChannelKey key = channels.permit(client, fields.text("channel"), kind, Rule::publish);
        Payload message = ReplyChannels.payload(fields);
        resumables.requireNewest(connection, by);
        ChannelPosition at = channels.publish(key, message);
        yield Optional.of(Envelopes.published(key.name(), at));
      }
      case "presence" -> {
        String name = new JsonFields("", json, NAMED).text("channel");
        ChannelKey key = channels.permit(client, name, "see each other in", Rule::presence);
        resumables.requireNewest(connection, by);
        yield Optional.of(
            Envelopes.presence(key.name(), channels.present(key, ChannelRoutes.MOST_NAMED)));
      }
      default ->
          throw new HeddleException(
              ErrorCode.INVALID_REQUEST,
              "heddle: "
                  + json.get(Envelopes.FIELD)
                  + " (expected: message, ack, close, subscribe, unsubscribe, publish or"
                  + " presence)");
    };
  }

  /**
   * What a frame asks of a channel, or that it shows a token, as properties of what is said of it;
   * empty: neither.
   */
  static String about(JsonNode json) {
    if (json.path(Envelopes.FIELD).asString("").equals("authenticate")) {
      return "\"frame\":\"authenticate\",";
    }
    JsonNode channel = json.path("channel");
    return channel.isString()
        ? "\"frame\":" + json.get(Envelopes.FIELD) + ",\"channel\":" + channel + ","
        : "";
  }

  private static @Nullable ChannelPosition after(JsonFields fields) {
    String epoch = fields.textOrNull("epoch");
    if (epoch == null) {
      return null;
    }
    long offset =
        fields
            .integer("offset", 0, Long.MAX_VALUE)
            .orElseThrow(() ->
                new HeddleException(
                    ErrorCode.INVALID_REQUEST, "offset: missing (expected: beside the epoch)"));
    return new ChannelPosition(epoch, offset);
  }
}
