package dev.heddle.loadtest.query;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.json.JsonFactory;

/**
 * Reads of an answer's JSON what is checked, and no more: the client has to share the machine with
 * the server that it measures. One answer; owned by one thread.
 */
final class AnswerReader {
  private static final JsonFactory JSON = new JsonFactory();
  private static final long UNSAID = -1;

  private final JsonParser json;
  private final List<String> ids = new ArrayList<>();
  private boolean hits;
  private long seen = UNSAID;
  private long target = UNSAID;
  private long answered;
  private long skipped;
  private long total = UNSAID;
  private boolean missing;
  private long tookMicros = UNSAID;

  private AnswerReader(JsonParser json) {
    this.json = json;
  }

  /** The answer; empty where the body is none. */
  static Optional<Answer> read(byte[] body) {
    try (var json = JSON.createParser(ObjectReadContext.empty(), body)) {
      var reader = new AnswerReader(json);
      return reader.answer() && json.nextToken() == null
          ? Optional.of(new Answer(List.copyOf(reader.ids), reader.coverage(), reader.tookMicros))
          : Optional.empty();
    } catch (JacksonException e) {
      return Optional.empty();
    }
  }

  private boolean answer() {
    if (json.nextToken() != JsonToken.START_OBJECT) {
      return false;
    }
    while (json.nextToken() == JsonToken.PROPERTY_NAME) {
      var name = json.currentName();
      var value = json.nextToken();
      switch (name) {
        case "hits" -> hits(value);
        case "coverage" -> coverage(value);
        case "tookMicros" -> tookMicros = json.getLongValue();
        default -> json.skipChildren();
      }
    }
    return hits && target != UNSAID && total != UNSAID && tookMicros != UNSAID;
  }

  private void hits(JsonToken value) {
    hits = value == JsonToken.START_ARRAY;
    while (hits && json.nextToken() == JsonToken.START_OBJECT) {
      while (json.nextToken() == JsonToken.PROPERTY_NAME) {
        boolean id = json.currentName().equals("id");
        if (json.nextToken() == JsonToken.VALUE_STRING && id) {
          ids.add(json.getString());
        }
        json.skipChildren();
      }
    }
  }

  private void coverage(JsonToken value) {
    if (value != JsonToken.START_OBJECT) {
      return;
    }
    while (json.nextToken() == JsonToken.PROPERTY_NAME) {
      var name = json.currentName();
      var token = json.nextToken();
      switch (name) {
        case "seen" -> seen = json.getLongValue();
        case "target" -> target = json.getLongValue();
        case "shards" -> shards(token);
        case "missing" -> missing(token);
        default -> json.skipChildren();
      }
    }
  }

  private void shards(JsonToken value) {
    if (value != JsonToken.START_OBJECT) {
      return;
    }
    while (json.nextToken() == JsonToken.PROPERTY_NAME) {
      var name = json.currentName();
      json.nextToken();
      switch (name) {
        case "answered" -> answered = json.getLongValue();
        case "skipped" -> skipped = json.getLongValue();
        case "total" -> total = json.getLongValue();
        default -> json.skipChildren();
      }
    }
  }

  private void missing(JsonToken value) {
    while (value == JsonToken.START_ARRAY && json.nextToken() != JsonToken.END_ARRAY) {
      missing = true;
      json.skipChildren();
    }
  }

  private String coverage() {
    return !missing && seen >= target && answered + skipped >= total
        ? ""
        : seen
            + " of "
            + target
            + " documents, "
            + (answered + skipped)
            + " of "
            + total
            + " shards";
  }
}
