package dev.heddle.gateway.connection;

import dev.heddle.gateway.channel.ChannelLimits;
import dev.heddle.gateway.session.ChannelKey;
import dev.heddle.json.JsonFields;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import tools.jackson.databind.JsonNode;

/**
 * What a handler's reply does with channels.
 *
 * @param subscribe names of channels that its connection listens to from now on
 * @param unsubscribe names of those that it does not any more
 * @param publish messages, in their order
 */
record ReplyChannels(Set<String> subscribe, Set<String> unsubscribe, List<Message> publish) {
  static final ReplyChannels NONE = new ReplyChannels(Set.of(), Set.of(), List.of());

  private static final int MOST_MESSAGES = 10;
  private static final Set<String> MESSAGE =
      new LinkedHashSet<>(List.of("channel", "body", "isBase64Encoded"));

  /** A message to a channel. */
  record Message(String channel, Payload payload) {}

  ReplyChannels {
    subscribe = Set.copyOf(subscribe);
    unsubscribe = Set.copyOf(unsubscribe);
    publish = List.copyOf(publish);
  }

  boolean subscribes() {
    return !subscribe.isEmpty() || !unsubscribe.isEmpty();
  }

  /**
   * Reads the fields {@code subscribe}, {@code unsubscribe} and {@code publish}.
   *
   * @throws HeddleException INVALID_REQUEST
   */
  static ReplyChannels read(JsonNode heddle, JsonFields fields) {
    return new ReplyChannels(
        names(fields, "subscribe"), names(fields, "unsubscribe"), messages(heddle));
  }

  private static Set<String> names(JsonFields fields, String field) {
    var names = new LinkedHashSet<String>();
    for (String name : fields.texts(field, ChannelLimits.MOST_SUBSCRIPTIONS)) {
      names.add(ChannelKey.named("", name).name());
    }
    return names;
  }

  private static List<Message> messages(JsonNode heddle) {
    JsonNode list = heddle.path("publish");
    if (list.isMissingNode()) {
      return List.of();
    }
    if (!list.isArray() || list.size() > MOST_MESSAGES) {
      throw new HeddleException(
          ErrorCode.INVALID_REQUEST,
          "heddle.publish (expected: a list of at most " + MOST_MESSAGES + " messages)");
    }
    var messages = new ArrayList<Message>();
    for (JsonNode each : list) {
      var fields = new JsonFields("heddle.publish", each, MESSAGE);
      String name = ChannelKey.named("", fields.text("channel")).name();
      messages.add(new Message(name, payload(fields)));
    }
    return messages;
  }

  /**
   * The content of {@code body} and {@code isBase64Encoded}.
   *
   * @throws HeddleException INVALID_REQUEST
   */
  static Payload payload(JsonFields fields) {
    String body = fields.textOrNull("body");
    if (body == null) {
      throw new HeddleException(
          ErrorCode.INVALID_REQUEST, fields.at("body") + ": missing (expected: a text)");
    }
    try {
      return fields.flag("isBase64Encoded")
          ? new Payload(Base64.getDecoder().decode(body), true)
          : Payload.text(body.getBytes(StandardCharsets.UTF_8));
    } catch (IllegalArgumentException e) {
      throw new HeddleException(
          ErrorCode.INVALID_REQUEST, fields.at("body") + " (expected: base64)", e);
    }
  }
}
