package dev.heddle.gateway.backend;

import static dev.heddle.gateway.backend.ClauseJsonWire.ordered;

import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.v1.Dataset;
import dev.heddle.v1.Field;
import dev.heddle.v1.FieldType;
import dev.heddle.v1.Schema;
import dev.heddle.v1.ShardPlacement;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import tools.jackson.core.JsonGenerator;
import tools.jackson.databind.JsonNode;

/** Schemas from JSON, datasets to JSON. */
final class DatasetJsonWire {
  private static final int MAX_FIELDS = 200;
  private static final double MAX_WEIGHT = 1_000_000;
  private static final Set<String> SCHEMA = ordered("fields", "rank");
  private static final Set<String> FIELD = ordered("name", "type", "analyzer", "weight", "multi");
  private static final Set<String> RANK = ordered("field", "weight");
  private static final Map<String, FieldType> TYPES = new LinkedHashMap<>();

  static {
    TYPES.put("text", FieldType.FIELD_TYPE_TEXT);
    TYPES.put("keyword", FieldType.FIELD_TYPE_KEYWORD);
    TYPES.put("long", FieldType.FIELD_TYPE_LONG);
    TYPES.put("double", FieldType.FIELD_TYPE_DOUBLE);
    TYPES.put("date", FieldType.FIELD_TYPE_DATE);
    TYPES.put("geoPoint", FieldType.FIELD_TYPE_GEO_POINT);
    TYPES.put("stored", FieldType.FIELD_TYPE_STORED);
  }

  private DatasetJsonWire() {}

  static Schema schema(String path, JsonNode node) {
    var fields = new JsonFields(path, node, SCHEMA);
    fields.required("fields");
    Schema.Builder schema =
        Schema.newBuilder().addAllFields(fields.list("fields", MAX_FIELDS, DatasetJsonWire::field));
    fields
        .value("rank")
        .ifPresent(value -> {
          var rank = new JsonFields(fields.at("rank"), value, RANK);
          schema.setRankField(rank.text("field"));
          schema.setRankWeight(rank.number("weight", 0, MAX_WEIGHT).orElse(1));
        });
    return schema.build();
  }

  private static Field field(String path, JsonNode node) {
    var fields = new JsonFields(path, node, FIELD);
    String type = fields.text("type");
    FieldType known = TYPES.get(type);
    if (known == null) {
      throw new HeddleException(
          ErrorCode.INVALID_SCHEMA,
          fields.at("type")
              + ": "
              + type
              + " (expected: one of "
              + String.join(", ", TYPES.keySet())
              + ")");
    }
    Field.Builder field = Field.newBuilder().setName(fields.text("name")).setType(known);
    String analyzer = fields.textOrNull("analyzer");
    if (analyzer != null) {
      field.setAnalyzer(analyzer);
    }
    // Text is searched unless it says otherwise.
    double weight = known == FieldType.FIELD_TYPE_TEXT ? 1 : 0;
    field.setWeight(fields.number("weight", 0, MAX_WEIGHT).orElse(weight));
    return field.setMulti(fields.flag("multi")).build();
  }

  static void write(JsonGenerator json, Dataset dataset) {
    json.writeStartObject();
    json.writeStringProperty("name", dataset.getName());
    json.writeStringProperty("id", dataset.getId());
    json.writeNumberProperty("documents", dataset.getDocuments());
    json.writeStringProperty("createdAt", dataset.getCreatedAt());
    json.writeName("schema");
    schema(json, dataset.getSchema());
    json.writeArrayPropertyStart("shards");
    for (ShardPlacement shard : dataset.getShardsList()) {
      json.writeStartObject();
      json.writeNumberProperty("shard", shard.getShard());
      json.writeNumberProperty("generation", shard.getGeneration());
      json.writeArrayPropertyStart("nodes");
      shard.getNodesList().forEach(json::writeString);
      json.writeEndArray();
      json.writeNumberProperty("documents", shard.getDocuments());
      json.writeBooleanProperty("available", shard.getAvailable());
      json.writeEndObject();
    }
    json.writeEndArray();
    json.writeEndObject();
  }

  private static void schema(JsonGenerator json, Schema schema) {
    json.writeStartObject();
    json.writeArrayPropertyStart("fields");
    for (Field field : schema.getFieldsList()) {
      json.writeStartObject();
      json.writeStringProperty("name", field.getName());
      json.writeStringProperty("type", typeName(field.getType()));
      if (!field.getAnalyzer().isEmpty()) {
        json.writeStringProperty("analyzer", field.getAnalyzer());
      }
      json.writeNumberProperty("weight", field.getWeight());
      json.writeBooleanProperty("multi", field.getMulti());
      json.writeEndObject();
    }
    json.writeEndArray();
    if (!schema.getRankField().isEmpty()) {
      json.writeObjectPropertyStart("rank");
      json.writeStringProperty("field", schema.getRankField());
      json.writeNumberProperty("weight", schema.getRankWeight());
      json.writeEndObject();
    }
    json.writeEndObject();
  }

  private static String typeName(FieldType type) {
    return TYPES.entrySet().stream()
        .filter(known -> known.getValue() == type)
        .map(Map.Entry::getKey)
        .findFirst()
        .orElse("unknown");
  }
}
