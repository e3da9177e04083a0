package dev.heddle.catalog;

import dev.heddle.catalog.CatalogState.Stored;
import dev.heddle.catalog.CatalogState.StoredLease;
import dev.heddle.catalog.Command.Call;
import dev.heddle.process.DurableFiles;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.replication.LogPosition;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * A file with a {@link Snapshot}: {@code {format, clusterId, revision, term, index, calls:
 * [{client, call, revision}], entries: [{key, revision, value, lease?}]}}, an entry a line.
 * Replaced as a whole and atomically; one that cannot be read is never touched. One thread at a
 * time.
 */
final class CatalogFile {
  static final int FORMAT = 2;

  private static final JsonMapper MAPPER =
      JsonMapper.builder()
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  private final Path file;
  private final String clusterId;

  /**
   * @param clusterId what it must be of
   */
  CatalogFile(Path file, String clusterId) {
    this.file = file;
    this.clusterId = clusterId;
  }

  /**
   * What is stored; empty where there is nothing yet.
   *
   * @throws HeddleException STORAGE_FAILED if the file cannot be read or understood
   */
  Optional<Snapshot> load() {
    try {
      return Files.notExists(file)
          ? Optional.empty()
          : Optional.of(read(MAPPER.readTree(Files.readAllBytes(file))));
    } catch (JacksonException e) {
      throw damaged(e.getOriginalMessage(), e);
    } catch (IOException e) {
      throw new HeddleException(
          ErrorCode.STORAGE_FAILED, file + ": " + e + " (expected: a readable file)", e);
    }
  }

  /**
   * Returns once {@code snapshot} is on disk.
   *
   * @throws HeddleException STORAGE_FAILED; the file then holds the old snapshot, or already the
   *     new
   */
  void store(Snapshot snapshot) {
    try {
      DurableFiles.replace(file, write(snapshot));
    } catch (IOException e) {
      throw new HeddleException(
          ErrorCode.STORAGE_FAILED, file + ": " + e + " (expected: a file that can be written)", e);
    }
  }

  private static byte[] write(Snapshot snapshot) {
    CatalogState state = snapshot.state();
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (JsonGenerator json = MAPPER.createGenerator(out)) {
      json.writeStartObject();
      json.writeNumberProperty("format", FORMAT);
      json.writeStringProperty("clusterId", state.clusterId());
      json.writeNumberProperty("revision", state.revision());
      json.writeNumberProperty("term", snapshot.at().term());
      json.writeNumberProperty("index", snapshot.at().index());
      json.writeArrayPropertyStart("calls");
      snapshot
          .calls()
          .forEach((call, revision) -> {
            json.writeStartObject();
            json.writeStringProperty("client", call.client().toString());
            json.writeNumberProperty("call", call.number());
            json.writeNumberProperty("revision", revision);
            json.writeEndObject();
          });
      json.writeEndArray();
      json.writeArrayPropertyStart("entries");
      for (Stored stored : state.entries().values()) {
        json.writeRaw('\n');
        write(json, stored);
      }
      json.writeEndArray();
      json.writeEndObject();
    }
    return out.toByteArray();
  }

  private static void write(JsonGenerator json, Stored stored) {
    json.writeStartObject();
    json.writeStringProperty("key", stored.entry().key());
    json.writeNumberProperty("revision", stored.entry().revision());
    json.writeName("value");
    json.writeRawValue(stored.entry().value());
    if (stored.lease().isPresent()) {
      StoredLease lease = stored.lease().get();
      json.writeObjectPropertyStart("lease");
      json.writeStringProperty("incarnation", lease.incarnation());
      json.writeNumberProperty("ttlMillis", lease.ttlMillis());
      json.writeArrayPropertyStart("retired");
      lease.retired().forEach(json::writeString);
      json.writeEndArray();
      json.writeEndObject();
    }
    json.writeEndObject();
  }

  private Snapshot read(JsonNode tree) {
    JsonNode format = required(tree, "format");
    if (!format.isInt() || format.intValue() != FORMAT) {
      throw damaged("format: " + format + ", not " + FORMAT, null);
    }
    if (!text(tree, "clusterId").equals(clusterId)) {
      throw damaged("clusterId: " + text(tree, "clusterId") + ", not " + clusterId, null);
    }
    LogPosition at = new LogPosition(number(tree, "term"), number(tree, "index"));
    long revision = number(tree, "revision");
    TreeMap<String, Stored> entries = new TreeMap<>();
    long bytes = 0;
    for (JsonNode node : list(tree, "entries")) {
      Stored stored = entry(node);
      CatalogEntry entry = stored.entry();
      if (entry.revision() < 1 || entry.revision() > revision) {
        throw damaged("revision of " + entry.key() + ": " + entry.revision(), null);
      }
      if (entries.put(entry.key(), stored) != null) {
        throw damaged("key: " + entry.key() + " twice", null);
      }
      bytes += CatalogState.bytesOf(entry.value());
    }
    return new Snapshot(at, new CatalogState(clusterId, revision, entries, bytes), calls(tree));
  }

  private Map<Call, Long> calls(JsonNode tree) {
    Map<Call, Long> calls = new LinkedHashMap<>();
    for (JsonNode node : list(tree, "calls")) {
      String client = text(node, "client");
      try {
        calls.put(
            new Call(UUID.fromString(client), number(node, "call")), number(node, "revision"));
      } catch (IllegalArgumentException e) {
        throw damaged("client: " + client + ", not a UUID", e);
      }
    }
    return calls;
  }

  private Stored entry(JsonNode node) {
    String key = text(node, "key");
    String value = required(node, "value").toString();
    try {
      CatalogJson.read(key, value);
    } catch (HeddleException e) {
      throw damaged(String.valueOf(e.getMessage()), e);
    }
    Optional<StoredLease> lease = Optional.empty();
    if (node.has("lease")) {
      JsonNode stored = required(node, "lease");
      List<String> retired = new ArrayList<>();
      required(stored, "retired").forEach(incarnation -> retired.add(incarnation.asString()));
      lease =
          Optional.of(
              new StoredLease(text(stored, "incarnation"), number(stored, "ttlMillis"), retired));
    } else if (key.startsWith(CatalogKeys.NODE)) {
      throw damaged("lease of " + key + ": missing", null);
    }
    return new Stored(new CatalogEntry(key, value, number(node, "revision")), lease);
  }

  private JsonNode required(JsonNode node, String name) {
    JsonNode value = node.get(name);
    if (value == null) {
      throw damaged(name + ": missing", null);
    }
    return value;
  }

  private JsonNode list(JsonNode node, String name) {
    JsonNode value = required(node, name);
    if (!value.isArray()) {
      throw damaged(name + ": not a list", null);
    }
    return value;
  }

  private String text(JsonNode node, String name) {
    JsonNode value = required(node, name);
    if (!value.isString()) {
      throw damaged(name + ": not text", null);
    }
    return value.stringValue();
  }

  private long number(JsonNode node, String name) {
    JsonNode value = required(node, name);
    if (!value.isIntegralNumber() || !value.canConvertToLong()) {
      throw damaged(name + ": not a number", null);
    }
    return value.longValue();
  }

  private HeddleException damaged(String problem, @Nullable Throwable cause) {
    return new HeddleException(
        ErrorCode.STORAGE_FAILED,
        file
            + ": damaged: "
            + problem
            + " (expected: a catalog of format "
            + FORMAT
            + "; it was left as it is: restore it from a backup, or start with an empty"
            + " directory to get a copy from the other members)",
        cause);
  }
}
