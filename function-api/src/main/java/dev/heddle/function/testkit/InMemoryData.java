package dev.heddle.function.testkit;

import dev.heddle.function.BadRequestException;
import dev.heddle.function.Data;
import dev.heddle.function.JsonObject;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Datasets in memory, for tests: documents with versions and conditions as the platform keeps them.
 * Queries are answered by what the test gives. One thread at a time.
 */
public final class InMemoryData implements Data {
  private static final int MOST_IDS = 100;

  private final Map<String, Map<String, Document>> datasets = new TreeMap<>();
  private final Map<String, Function<JsonObject, JsonObject>> answers = new TreeMap<>();
  private long lastVersion;

  /** With an empty dataset of that name; others are unknown. */
  public InMemoryData dataset(String name) {
    datasets.putIfAbsent(name, new TreeMap<>());
    return this;
  }

  /** With what queries of a dataset are answered by. */
  public InMemoryData answering(String dataset, Function<JsonObject, JsonObject> query) {
    dataset(dataset);
    answers.put(dataset, query);
    return this;
  }

  private Map<String, Document> documents(String dataset) {
    var documents = datasets.get(dataset);
    if (documents == null) {
      throw new BadRequestException(
          "dataset: " + dataset + " (expected: one of " + datasets.keySet() + ")");
    }
    return documents;
  }

  @Override
  public Optional<Document> get(String dataset, String id) {
    return Optional.ofNullable(documents(dataset).get(id));
  }

  @Override
  public List<Document> get(String dataset, List<String> ids) {
    if (ids.size() > MOST_IDS) {
      throw new BadRequestException("ids: " + ids.size() + " (expected: at most " + MOST_IDS + ")");
    }
    return ids.stream().flatMap(id -> get(dataset, id).stream()).toList();
  }

  @Override
  public long put(String dataset, String id, Map<String, ?> fields, OptionalLong ifVersion) {
    check(dataset, id, ifVersion);
    return write(dataset, id, JsonObject.of(fields));
  }

  @Override
  public long patch(String dataset, String id, Map<String, ?> patch, OptionalLong ifVersion) {
    check(dataset, id, ifVersion);
    var before = documents(dataset).get(id);
    if (before == null) {
      throw new BadRequestException("document: " + id + " (expected: one to be there)");
    }
    return write(dataset, id, merged(before.fields(), JsonObject.of(patch)));
  }

  /** A JSON merge patch: null takes a field away, objects merge. */
  private static JsonObject merged(JsonObject before, JsonObject patch) {
    var fields = new LinkedHashMap<String, @Nullable Object>(before.asMap());
    patch
        .asMap()
        .forEach((name, value) -> {
          if (value == null) {
            fields.remove(name);
          } else if (value instanceof JsonObject inner) {
            var old = fields.get(name) instanceof JsonObject object ? object : JsonObject.EMPTY;
            fields.put(name, merged(old, inner));
          } else {
            fields.put(name, value);
          }
        });
    return JsonObject.of(fields);
  }

  @Override
  public boolean delete(String dataset, String id, OptionalLong ifVersion) {
    check(dataset, id, ifVersion);
    return documents(dataset).remove(id) != null;
  }

  private void check(String dataset, String id, OptionalLong ifVersion) {
    var there = documents(dataset).get(id);
    long version = there == null ? 0 : there.version();
    if (ifVersion.isPresent() && ifVersion.getAsLong() != version) {
      throw new BadRequestException(
          "version of " + id + ": " + version + " (expected: " + ifVersion.getAsLong() + ")");
    }
  }

  private long write(String dataset, String id, JsonObject fields) {
    long version = ++lastVersion;
    documents(dataset).put(id, new Document(id, version, fields));
    return version;
  }

  @Override
  public JsonObject query(String dataset, Map<String, ?> query) {
    documents(dataset);
    var answer = answers.get(dataset);
    if (answer == null) {
      throw new IllegalStateException(
          "queries of " + dataset + " (expected: answering(\"" + dataset + "\", …) in the test)");
    }
    return answer.apply(JsonObject.of(query));
  }
}
