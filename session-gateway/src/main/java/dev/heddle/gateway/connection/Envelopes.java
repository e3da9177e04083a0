package dev.heddle.gateway.connection;

import dev.heddle.gateway.http.EdgeErrors;
import dev.heddle.gateway.session.ChannelPosition;
import dev.heddle.gateway.session.PresenceTable.Present;
import dev.heddle.json.Json;
import dev.heddle.process.HeddleException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;

/** What the gateway itself says on a resumable connection; docs/connections.md shows each. */
final class Envelopes {
  /** The WebSocket subprotocol whose frames these are. */
  static final String PROTOCOL = "heddle.v1";

  /** The field that tells the gateway's own frames from the application's. */
  static final String FIELD = "heddle";

  private Envelopes() {}

  /**
   * What a client needs to come back.
   *
   * @param recovered whether it gets every frame that it missed
   * @param offset of the last frame before those that follow
   * @param received how many of the client's frames are done: what is in work may be given back
   */
  record Welcome(
      String connection,
      String resume,
      boolean recovered,
      long offset,
      long received,
      Duration window) {}

  static byte[] welcome(Welcome welcome) {
    return Json.write(json -> {
      json.writeStartObject();
      json.writeStringProperty(FIELD, "welcome");
      json.writeStringProperty("connection", welcome.connection());
      json.writeStringProperty("resume", welcome.resume());
      json.writeBooleanProperty("recovered", welcome.recovered());
      json.writeNumberProperty("offset", welcome.offset());
      json.writeNumberProperty("received", welcome.received());
      json.writeNumberProperty("windowMillis", welcome.window().toMillis());
      json.writeEndObject();
    });
  }

  static Payload message(long offset, Payload frame) {
    return Payload.text(
        Json.write(json -> {
          json.writeStartObject();
          json.writeStringProperty(FIELD, "message");
          json.writeNumberProperty("offset", offset);
          json.writeStringProperty("body", frame.body());
          if (frame.binary()) {
            json.writeBooleanProperty("isBase64Encoded", true);
          }
          json.writeEndObject();
        }));
  }

  /** A frame of the client that was taken, or was taken before. */
  static byte[] received(long number) {
    return ("{\"" + FIELD + "\":\"received\",\"number\":" + number + "}")
        .getBytes(StandardCharsets.US_ASCII);
  }

  /** A token was shown that holds. */
  static byte[] authenticated(Instant until) {
    return Json.write(json -> {
      json.writeStartObject();
      json.writeStringProperty(FIELD, "authenticated");
      json.writeStringProperty("until", until.toString());
      json.writeEndObject();
    });
  }

  /**
   * A frame that was refused.
   *
   * @param about what it asked of a channel, as properties; empty: nothing
   */
  static byte[] error(HeddleException error, String traceId, String about) {
    byte[] json = EdgeErrors.json(error, traceId);
    byte[] head = ("{\"" + FIELD + "\":\"error\"," + about).getBytes(StandardCharsets.UTF_8);
    byte[] whole = new byte[head.length + json.length - 1];
    System.arraycopy(head, 0, whole, 0, head.length);
    System.arraycopy(json, 1, whole, head.length, json.length - 1);
    return whole;
  }

  /** Messages of a channel after this position follow; whether none is missing before them. */
  static byte[] subscribed(String channel, ChannelPosition at, boolean recovered) {
    return Json.write(json -> {
      json.writeStartObject();
      json.writeStringProperty(FIELD, "subscribed");
      json.writeStringProperty("channel", channel);
      json.writeStringProperty("epoch", at.epoch());
      json.writeNumberProperty("offset", at.offset());
      json.writeBooleanProperty("recovered", recovered);
      json.writeEndObject();
    });
  }

  /** No more messages of a channel come. */
  static byte[] unsubscribed(String channel) {
    return Json.write(json -> {
      json.writeStartObject();
      json.writeStringProperty(FIELD, "unsubscribed");
      json.writeStringProperty("channel", channel);
      json.writeEndObject();
    });
  }

  /** What the client published has got its place. */
  static byte[] published(String channel, ChannelPosition at) {
    return Json.write(json -> {
      json.writeStartObject();
      json.writeStringProperty(FIELD, "published");
      json.writeStringProperty("channel", channel);
      json.writeStringProperty("epoch", at.epoch());
      json.writeNumberProperty("offset", at.offset());
      json.writeEndObject();
    });
  }

  /** Who is in a channel. */
  static byte[] presence(String channel, Present present) {
    return Json.write(json -> {
      json.writeStartObject();
      json.writeStringProperty(FIELD, "presence");
      json.writeStringProperty("channel", channel);
      ChannelRoutes.writePresence(json, present);
      json.writeEndObject();
    });
  }

  static byte[] closed(int code, String reason) {
    return Json.write(json -> {
      json.writeStartObject();
      json.writeStringProperty(FIELD, "closed");
      json.writeNumberProperty("code", code);
      json.writeStringProperty("reason", reason);
      json.writeEndObject();
    });
  }
}
