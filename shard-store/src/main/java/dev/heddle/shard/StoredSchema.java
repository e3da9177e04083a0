package dev.heddle.shard;

import dev.heddle.catalog.Schema;
import dev.heddle.process.HeddleException;
import java.io.IOException;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.json.JsonMapper;

/** A schema as JSON, in a shard's log and in its commits. */
final class StoredSchema {
  private static final JsonMapper JSON =
      JsonMapper.builder().disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES).build();

  private StoredSchema() {}

  static String write(Schema schema) {
    return JSON.writeValueAsString(schema);
  }

  static Schema read(String json) throws IOException {
    try {
      return JSON.readValue(json, Schema.class);
    } catch (JacksonException | HeddleException e) {
      throw new IOException("schema: " + e.getMessage() + " (expected: one that was stored)", e);
    }
  }
}
