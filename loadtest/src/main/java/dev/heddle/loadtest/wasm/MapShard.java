package dev.heddle.loadtest.wasm;

import dev.heddle.function.Query;
import dev.heddle.function.Shard;
import dev.heddle.function.Sort;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Another shard, but that its documents are found by id in a map: as cheap as a get can be. */
final class MapShard implements Shard {
  private final Shard other;
  private final Map<String, Document> byId = new HashMap<>();

  /**
   * @param documents in the map: {@code id0}, {@code id1}…, each with a number {@code n}
   */
  MapShard(Shard other, int documents) {
    this.other = other;
    for (int i = 0; i < documents; i++) {
      var json = ("{\"n\":" + i + "}").getBytes(StandardCharsets.UTF_8);
      byId.put("id" + i, new Document("id" + i, json, Map.of()));
    }
  }

  @Override
  public String dataset() {
    return other.dataset();
  }

  @Override
  public int number() {
    return other.number();
  }

  @Override
  public long documents() {
    return other.documents();
  }

  @Override
  public List<String> fields() {
    return other.fields();
  }

  @Override
  public FieldKind kind(String field) {
    return other.kind(field);
  }

  @Override
  public TopDocuments search(
      Query query, List<Sort> sort, int k, long countUpTo, Collector... collectors) {
    return other.search(query, sort, k, countUpTo, collectors);
  }

  @Override
  public void forEach(Query query, Collector collector) {
    other.forEach(query, collector);
  }

  @Override
  public long count(Query query) {
    return other.count(query);
  }

  @Override
  public long frequency(String field, String term) {
    return other.frequency(field, term);
  }

  @Override
  public List<Segment> segments() {
    return other.segments();
  }

  @Override
  public Optional<Document> get(String id) {
    return Optional.ofNullable(byId.get(id));
  }

  @Override
  public Document document(int document, List<String> fields, Query query, List<String> highlight) {
    return other.document(document, fields, query, highlight);
  }
}
