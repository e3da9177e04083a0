package dev.heddle.json;

import static dev.heddle.json.ClauseJsonWire.ordered;

import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.v1.AlterDatasetRequest;
import dev.heddle.v1.CreateDatasetRequest;
import dev.heddle.v1.Dataset;
import dev.heddle.v1.Field;
import dev.heddle.v1.FieldType;
import dev.heddle.v1.Replica;
import dev.heddle.v1.Schema;
import dev.heddle.v1.ShardPlacement;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import tools.jackson.core.JsonGenerator;
import tools.jackson.databind.JsonNode;

/** Datasets and their changes from JSON, datasets to JSON. */
public final class DatasetJsonWire {
  private static final int MAX_FIELDS = 200;
  private static final int MAX_SHARDS = 1_024;
  private static final int MAX_REPLICAS = 7;
  private static final double MAX_WEIGHT = 1_000_000;
  private static final Set<String> DATASET = ordered("name", "schema", "shards", "replicas");
  private static final Set<String> CHANGE = ordered("schema", "replicas");
  private static final Set<String> SCHEMA = ordered("fields", "rank", "dynamic");
  private static final Set<String> SCHEMA_CHANGE = ordered("fields", "dynamic");
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

  public static CreateDatasetRequest create(JsonNode body) {
    var fields = new JsonFields("", body, DATASET);
    CreateDatasetRequest.Builder request =
        CreateDatasetRequest.newBuilder()
            .setName(fields.text("name"))
            .setSchema(schema("schema", fields.required("schema")));
    fields.integer("shards", 1, MAX_SHARDS).ifPresent(shards -> request.setShards((int) shards));
    fields.integer("replicas", 1, MAX_REPLICAS).ifPresent(n -> request.setReplicas((int) n));
    return request.build();
  }

  /** What is to change; everything else stays as it is. */
  public static AlterDatasetRequest alter(String dataset, JsonNode body) {
    var fields = new JsonFields("", body, CHANGE);
    AlterDatasetRequest.Builder request = AlterDatasetRequest.newBuilder().setName(dataset);
    fields.integer("replicas", 1, MAX_REPLICAS).ifPresent(n -> request.setReplicas((int) n));
    fields
        .value("schema")
        .ifPresent(node -> {
          var schema = new JsonFields("schema", node, SCHEMA_CHANGE);
          List<Field> added = schema.list("fields", MAX_FIELDS, DatasetJsonWire::field);
          request.addAllAddFields(added);
          if (schema.value("dynamic").isPresent()) {
            request.setDynamic(schema.flag("dynamic"));
          }
        });
    if (!request.hasReplicas() && !request.hasDynamic() && request.getAddFieldsCount() == 0) {
      throw new HeddleException(
          ErrorCode.INVALID_REQUEST,
          "body: no change (expected: schema.fields, schema.dynamic or replicas)");
    }
    return request.build();
  }

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
    return schema.setDynamic(fields.flag("dynamic")).build();
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

  public static void write(JsonGenerator json, Dataset dataset) {
    json.writeStartObject();
    json.writeStringProperty("name", dataset.getName());
    json.writeStringProperty("id", dataset.getId());
    json.writeNumberProperty("documents", dataset.getDocuments());
    json.writeStringProperty("createdAt", dataset.getCreatedAt());
    json.writeNumberProperty("replicas", dataset.getReplicas());
    json.writeNumberProperty("schemaVersion", dataset.getSchemaVersion());
    json.writeName("schema");
    schema(json, dataset.getSchema());
    json.writeArrayPropertyStart("shards");
    dataset.getShardsList().forEach(shard -> shard(json, shard));
    json.writeEndArray();
    json.writeEndObject();
  }

  private static void shard(JsonGenerator json, ShardPlacement shard) {
    json.writeStartObject();
    json.writeNumberProperty("shard", shard.getShard());
    json.writeNumberProperty("generation", shard.getGeneration());
    names(json, "nodes", shard.getNodesList());
    names(json, "joining", shard.getJoiningList());
    names(json, "leaving", shard.getLeavingList());
    json.writeNumberProperty("documents", shard.getDocuments());
    json.writeBooleanProperty("available", shard.getAvailable());
    json.writeArrayPropertyStart("replicas");
    shard.getReplicasList().forEach(replica -> replica(json, replica));
    json.writeEndArray();
    json.writeEndObject();
  }

  private static void names(JsonGenerator json, String property, List<String> names) {
    json.writeArrayPropertyStart(property);
    names.forEach(json::writeString);
    json.writeEndArray();
  }

  private static void replica(JsonGenerator json, Replica replica) {
    json.writeStartObject();
    json.writeStringProperty("node", replica.getNode());
    json.writeStringProperty("role", roleName(replica));
    json.writeBooleanProperty("available", replica.getAvailable());
    if (!replica.getReason().isEmpty()) {
      json.writeStringProperty("reason", replica.getReason());
    }
    json.writeNumberProperty("term", replica.getTerm());
    json.writeNumberProperty("applied", replica.getApplied());
    json.writeNumberProperty("visible", replica.getVisible());
    json.writeNumberProperty("lag", replica.getLag());
    json.writeNumberProperty("documents", replica.getDocuments());
    if (replica.hasProgress()) {
      json.writeNumberProperty("progress", replica.getProgress());
    }
    json.writeEndObject();
  }

  private static String roleName(Replica replica) {
    return switch (replica.getRole()) {
      case REPLICA_ROLE_LEADER -> "leader";
      case REPLICA_ROLE_FOLLOWER -> "follower";
      case REPLICA_ROLE_CANDIDATE -> "candidate";
      case REPLICA_ROLE_JOINING -> "joining";
      case REPLICA_ROLE_UNSPECIFIED, UNRECOGNIZED -> "unknown";
    };
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
    json.writeBooleanProperty("dynamic", schema.getDynamic());
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
