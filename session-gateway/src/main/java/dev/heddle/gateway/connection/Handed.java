package dev.heddle.gateway.connection;

import dev.heddle.json.Json;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import tools.jackson.core.JsonGenerator;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;

/**
 * What one invocation leaves for the next ones of its connection: every event carries it, and every
 * reply may replace either part of it.
 *
 * @param state any JSON value of at most {@link #MOST_STATE} bytes, not to be changed; null of
 *     JSON: none
 * @param tags at most {@link #MOST_TAGS}, of 1..{@link #LONGEST_TAG} characters
 */
record Handed(JsonNode state, List<String> tags) {
  static final int MOST_STATE = 16 << 10;
  static final int MOST_TAGS = 10;
  static final int LONGEST_TAG = 256;

  static final Handed NOTHING = new Handed(JsonNodeFactory.instance.nullNode(), List.of());

  Handed {
    tags = List.copyOf(tags);
  }

  /** What a reply makes of it. */
  Handed after(HandlerReply reply) {
    return reply.state().isEmpty() && reply.tags().isEmpty()
        ? this
        : new Handed(reply.state().orElse(state), reply.tags().orElse(tags));
  }

  /** As the grid keeps it, once sealed; empty: nothing. */
  byte[] bytes() {
    if (state.isNull() && tags.isEmpty()) {
      return new byte[0];
    }
    return Json.write(json -> {
      json.writeStartObject();
      writeState(json);
      json.writeArrayPropertyStart("tags");
      tags.forEach(json::writeString);
      json.writeEndArray();
      json.writeEndObject();
    });
  }

  /** As a property; what is no Unicode text is escaped, as it came. */
  void writeState(JsonGenerator json) {
    json.writeName("state");
    json.writeRawValue(new String(Json.bytes(state), StandardCharsets.UTF_8));
  }

  static Handed of(byte[] bytes) {
    if (bytes.length == 0) {
      return NOTHING;
    }
    JsonNode json = Json.parse(bytes);
    var tags = new ArrayList<String>();
    json.path("tags").forEach(tag -> tags.add(tag.asString()));
    return new Handed(json.path("state"), tags);
  }
}
