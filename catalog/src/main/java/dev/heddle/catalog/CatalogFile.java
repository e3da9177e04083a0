package dev.heddle.catalog;

import dev.heddle.catalog.CatalogState.Stored;
import dev.heddle.catalog.CatalogState.StoredLease;
import dev.heddle.process.DurableFiles;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * The file {@code catalog.json}: {@code {format, clusterId, revision, writtenAt, entries: [{key,
 * revision, value, lease?}]}}, an entry a line. Replaced as a whole and atomically; one that cannot
 * be read is never touched. One thread at a time.
 */
final class CatalogFile {
  static final int FORMAT = 1;
  static final String NAME = "catalog.json";

  private static final JsonMapper MAPPER =
      JsonMapper.builder()
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  private final Path file;
  private final Clock clock;

  CatalogFile(Path directory, Clock clock) {
    this.file = directory.resolve(NAME);
    this.clock = clock;
  }

  /**
   * What is stored; a new catalog where there is none yet, stored at once.
   *
   * @throws HeddleException STORAGE_FAILED if the file cannot be read or understood
   */
  CatalogState load() {
    try {
      if (Files.notExists(file)) {
        byte[] id = new byte[8];
        ThreadLocalRandom.current().nextBytes(id);
        CatalogState created = CatalogState.empty(HexFormat.of().formatHex(id));
        store(created);
        return created;
      }
      return read(MAPPER.readTree(Files.readAllBytes(file)));
    } catch (JacksonException e) {
      throw damaged(e.getOriginalMessage(), e);
    } catch (IOException e) {
      throw new HeddleException(
          ErrorCode.STORAGE_FAILED, file + ": " + e + " (expected: a readable file)", e);
    }
  }

  /**
   * Returns once {@code state} is on disk.
   *
   * @throws HeddleException STORAGE_FAILED; the file then holds the old state, or already the new
   */
  void store(CatalogState state) {
    try {
      DurableFiles.replace(file, write(state));
    } catch (IOException e) {
      throw new HeddleException(
          ErrorCode.STORAGE_FAILED,
          file + ": " + e + " (expected: a file that can be written); the write is in doubt",
          e);
    }
  }

  private byte[] write(CatalogState state) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (JsonGenerator json = MAPPER.createGenerator(out)) {
      json.writeStartObject();
      json.writeNumberProperty("format", FORMAT);
      json.writeStringProperty("clusterId", state.clusterId());
      json.writeNumberProperty("revision", state.revision());
      json.writeStringProperty("writtenAt", clock.instant().toString());
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

  private CatalogState read(JsonNode tree) {
    JsonNode format = required(tree, "format");
    if (!format.isInt() || format.intValue() != FORMAT) {
      throw damaged("format: " + format + ", not " + FORMAT, null);
    }
    long revision = number(tree, "revision");
    JsonNode list = required(tree, "entries");
    if (!list.isArray()) {
      throw damaged("entries: not a list", null);
    }
    TreeMap<String, Stored> entries = new TreeMap<>();
    long bytes = 0;
    for (JsonNode node : list) {
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
    return new CatalogState(text(tree, "clusterId"), revision, entries, bytes);
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
            + "; it was left as it is: restore it from a backup, or move it away to start empty)",
        cause);
  }
}
