package dev.heddle.json;

import static dev.heddle.json.ClauseJsonWire.ordered;

import dev.heddle.process.DataSize;
import dev.heddle.process.DurationFormat;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.v1.Function;
import dev.heddle.v1.FunctionAlias;
import dev.heddle.v1.FunctionKind;
import dev.heddle.v1.FunctionLogLine;
import dev.heddle.v1.ListFunctionsResponse;
import dev.heddle.v1.WeightedVersion;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.Set;
import tools.jackson.core.JsonGenerator;
import tools.jackson.databind.JsonNode;

/** Functions, their aliases and their log lines. */
public final class FunctionJsonWire {
  private static final int MAX_TARGETS = 2;
  private static final int MAX_WEIGHT = 1_000;
  private static final Set<String> ALIAS = ordered("version", "versions");
  private static final Set<String> WEIGHTED = ordered("version", "weight");

  private FunctionJsonWire() {}

  /** {@code {"functions":[…]}}. */
  public static byte[] write(ListFunctionsResponse functions) {
    return Json.write(json -> {
      json.writeStartObject();
      json.writeArrayPropertyStart("functions");
      functions.getFunctionsList().forEach(function -> write(json, function));
      json.writeEndArray();
      json.writeEndObject();
    });
  }

  /** {@code {"name","version","kind","runtime","versions":[…],"aliases":{…}}}. */
  public static byte[] write(Function function) {
    return Json.write(json -> write(json, function));
  }

  private static void write(JsonGenerator json, Function function) {
    json.writeStartObject();
    json.writeStringProperty("name", function.getName());
    json.writeStringProperty("version", function.getVersion());
    json.writeStringProperty("kind", kind(function.getKind()));
    json.writeStringProperty("runtime", function.getRuntime());
    json.writeArrayPropertyStart("versions");
    function.getVersionsList().forEach(version -> write(json, version));
    json.writeEndArray();
    json.writeObjectPropertyStart("aliases");
    function.getAliasesList().forEach(alias -> write(json, alias));
    json.writeEndObject();
    json.writeEndObject();
  }

  /** {@code handler} or {@code scatter}. */
  public static String kind(FunctionKind kind) {
    return kind == FunctionKind.FUNCTION_KIND_SCATTER ? "scatter" : "handler";
  }

  private static void write(JsonGenerator json, Function.Version version) {
    json.writeStartObject();
    json.writeStringProperty("version", version.getVersion());
    json.writeStringProperty("createdAt", version.getCreatedAt());
    json.writeStringProperty("runtime", version.getRuntime());
    json.writeStringProperty("entry", version.getEntry());
    json.writeNumberProperty("codeBytes", version.getCodeBytes());
    json.writeNumberProperty("compiledBytes", version.getCompiledBytes());
    json.writeStringProperty(
        "timeout", DurationFormat.format(Duration.ofNanos(version.getTimeoutNanos())));
    json.writeStringProperty("memory", new DataSize(version.getMemoryBytes()).toString());
    json.writeNumberProperty("concurrency", version.getConcurrency());
    json.writeStringProperty("event", version.getEvent());
    json.writeArrayPropertyStart("environment");
    version.getEnvironmentNamesList().forEach(json::writeString);
    json.writeEndArray();
    json.writeArrayPropertyStart("origins");
    version.getOriginsList().forEach(json::writeString);
    json.writeEndArray();
    json.writeStringProperty("description", version.getDescription());
    json.writeEndObject();
  }

  private static void write(JsonGenerator json, FunctionAlias alias) {
    json.writeArrayPropertyStart(alias.getName());
    for (WeightedVersion target : alias.getVersionsList()) {
      json.writeStartObject();
      json.writeStringProperty("version", target.getVersion());
      json.writeNumberProperty("weight", target.getWeight());
      json.writeEndObject();
    }
    json.writeEndArray();
  }

  /**
   * An alias from {@code {"version": "…"}} or {@code {"versions": [{"version": "…", "weight": 9},
   * …]}}.
   *
   * @throws HeddleException of kind USER
   */
  public static FunctionAlias alias(String name, JsonNode body) {
    var fields = new JsonFields("", body, ALIAS);
    var alias = FunctionAlias.newBuilder().setName(name);
    Optional<JsonNode> single = fields.value("version");
    if (single.isPresent() == fields.value("versions").isPresent()) {
      throw new HeddleException(
          ErrorCode.INVALID_REQUEST, "alias: " + name + " (expected: either version or versions)");
    }
    if (single.isPresent()) {
      return alias
          .addVersions(WeightedVersion.newBuilder().setVersion(fields.text("version")).setWeight(1))
          .build();
    }
    return alias
        .addAllVersions(fields.list("versions", MAX_TARGETS, FunctionJsonWire::weighted))
        .build();
  }

  private static WeightedVersion weighted(String path, JsonNode node) {
    var fields = new JsonFields(path, node, WEIGHTED);
    return WeightedVersion.newBuilder()
        .setVersion(fields.text("version"))
        .setWeight((int) fields.integer("weight", 1, MAX_WEIGHT).orElse(1))
        .build();
  }

  /**
   * {@code {"at","node","function","version","invocation","traceId","text"}}, and {@code "lost"}
   * where lines before it were lost.
   */
  public static byte[] write(FunctionLogLine line) {
    return Json.write(json -> {
      json.writeStartObject();
      json.writeStringProperty("at", at(line).toString());
      json.writeStringProperty("node", line.getNode());
      json.writeStringProperty("function", line.getFunction());
      json.writeStringProperty("version", line.getVersion());
      json.writeStringProperty("invocation", line.getInvocationId());
      json.writeStringProperty("traceId", line.getTraceId());
      json.writeStringProperty("text", line.getText());
      if (line.getLost() > 0) {
        json.writeNumberProperty("lost", line.getLost());
      }
      json.writeEndObject();
    });
  }

  /** When the line was written. */
  public static Instant at(FunctionLogLine line) {
    return Instant.EPOCH.plus(line.getAtMicros(), java.time.temporal.ChronoUnit.MICROS);
  }
}
