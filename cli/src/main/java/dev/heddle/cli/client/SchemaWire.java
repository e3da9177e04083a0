package dev.heddle.cli.client;

import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.v1.Field;
import dev.heddle.v1.FieldType;
import dev.heddle.v1.Schema;
import java.util.List;
import java.util.Map;
import java.util.Set;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * A schema's JSON, as {@code POST /v1/datasets} takes it, and its message. The form is checked
 * here; whether the schema makes sense, the cluster says.
 */
final class SchemaWire {
  private static final Map<String, FieldType> TYPES =
      Map.of(
          "text", FieldType.FIELD_TYPE_TEXT,
          "keyword", FieldType.FIELD_TYPE_KEYWORD,
          "long", FieldType.FIELD_TYPE_LONG,
          "double", FieldType.FIELD_TYPE_DOUBLE,
          "date", FieldType.FIELD_TYPE_DATE,
          "geoPoint", FieldType.FIELD_TYPE_GEO_POINT,
          "stored", FieldType.FIELD_TYPE_STORED);

  private SchemaWire() {}

  static Schema fromJson(JsonNode json) {
    expect(json, "schema", JsonNode::isObject, "an object with `fields`");
    known(json, "schema", Set.of("fields", "rank", "dynamic"));
    JsonNode fields = json.path("fields");
    expect(fields, "fields", JsonNode::isArray, "a list of fields");
    Schema.Builder schema = Schema.newBuilder();
    for (JsonNode field : fields) {
      schema.addFields(field(field));
    }
    JsonNode rank = json.path("rank");
    if (!rank.isMissingNode() && !rank.isNull()) {
      known(rank, "rank", Set.of("field", "weight"));
      schema.setRankField(text(rank, "field"));
      schema.setRankWeight(number(rank, "weight", 1));
    }
    schema.setDynamic(flag(json, "dynamic"));
    return schema.build();
  }

  private static Field field(JsonNode json) {
    expect(json, "field", JsonNode::isObject, "an object with `name` and `type`");
    known(json, "field", Set.of("name", "type", "analyzer", "weight", "multi"));
    String type = text(json, "type");
    FieldType known = TYPES.get(type);
    if (known == null) {
      throw invalid("type", type, "text, keyword, long, double, date, geoPoint or stored");
    }
    return Field.newBuilder()
        .setName(text(json, "name"))
        .setType(known)
        .setAnalyzer(json.has("analyzer") ? text(json, "analyzer") : "")
        .setWeight(number(json, "weight", 0))
        .setMulti(flag(json, "multi"))
        .build();
  }

  static Field field(FieldSpec field) {
    return Field.newBuilder()
        .setName(field.name())
        .setType(TYPES.getOrDefault(field.type(), FieldType.FIELD_TYPE_UNSPECIFIED))
        .setAnalyzer(field.analyzer())
        .setWeight(field.weight())
        .setMulti(field.multi())
        .build();
  }

  /** What {@code type} may say, sorted. */
  static List<String> types() {
    return TYPES.keySet().stream().sorted().toList();
  }

  static ObjectNode toJson(Schema schema) {
    ObjectNode json = JsonMapper.shared().createObjectNode();
    var fields = json.putArray("fields");
    for (Field field : schema.getFieldsList()) {
      ObjectNode one = fields.addObject().put("name", field.getName()).put("type", name(field));
      if (field.getType() == FieldType.FIELD_TYPE_TEXT) {
        one.put("analyzer", field.getAnalyzer()).put("weight", field.getWeight());
      }
      if (field.getMulti()) {
        one.put("multi", true);
      }
    }
    if (!schema.getRankField().isEmpty()) {
      json.putObject("rank")
          .put("field", schema.getRankField())
          .put("weight", schema.getRankWeight());
    }
    if (schema.getDynamic()) {
      json.put("dynamic", true);
    }
    return json;
  }

  private static String name(Field field) {
    return TYPES.entrySet().stream()
        .filter(type -> type.getValue() == field.getType())
        .map(Map.Entry::getKey)
        .findFirst()
        .orElseGet(() -> field.getType().name());
  }

  private static String text(JsonNode json, String name) {
    JsonNode value = json.path(name);
    expect(value, name, JsonNode::isString, "a text");
    return value.asString();
  }

  private static double number(JsonNode json, String name, double otherwise) {
    JsonNode value = json.path(name);
    if (value.isMissingNode()) {
      return otherwise;
    }
    expect(value, name, JsonNode::isNumber, "a number");
    return value.asDouble();
  }

  private static boolean flag(JsonNode json, String name) {
    JsonNode value = json.path(name);
    if (value.isMissingNode()) {
      return false;
    }
    expect(value, name, JsonNode::isBoolean, "true or false");
    return value.booleanValue();
  }

  private static void known(JsonNode json, String what, Set<String> names) {
    for (String name : json.propertyNames()) {
      if (!names.contains(name)) {
        throw invalid(what, name, "one of " + String.join(", ", names.stream().sorted().toList()));
      }
    }
  }

  private static void expect(
      JsonNode json, String what, java.util.function.Predicate<JsonNode> test, String expected) {
    if (!test.test(json)) {
      throw invalid(what, json.isMissingNode() ? "missing" : json.toString(), expected);
    }
  }

  private static HeddleException invalid(String what, String value, String expected) {
    return new HeddleException(
        ErrorCode.INVALID_SCHEMA,
        "schema: " + what + ": " + value + " (expected: " + expected + ")");
  }
}
