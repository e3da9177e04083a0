package dev.heddle.aggregations;

import dev.heddle.function.HeapSize;
import dev.heddle.function.Query;
import dev.heddle.function.Shard;
import dev.heddle.function.Shard.TopDocument;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A hit on its way: on the leaf first only where it stands and how it ranks, and once it survived
 * the leaf's merge, with what is stored.
 */
final class Hit {
  private static final byte[] NOT_FETCHED = "{}".getBytes(StandardCharsets.UTF_8);

  /** Those of all that have none. */
  static final Hit[] NONE = {};

  private static final long OWN = HeapSize.object(5 * HeapSize.REFERENCE + 4 * Integer.BYTES);
  private static final long NUMBER = HeapSize.object(Long.BYTES);

  /** Of a LinkedHashMap. */
  private static final long MAP = HeapSize.object(6 * HeapSize.REFERENCE + 4 * Integer.BYTES + 1);

  private static final long ENTRY = HeapSize.object(5 * HeapSize.REFERENCE + Integer.BYTES);
  private static final int LEAST_PLACES = 16;

  final String id;
  final float score;
  final int shard;
  final List<Object> sortValues;
  byte[] json = NOT_FETCHED;
  Map<String, List<String>> highlights = Map.of();

  /** The shard that can still be asked for the stored document; null once it was, or elsewhere. */
  private @Nullable Shard origin;

  private int document;

  /** What it takes of the heap; 0: nobody has asked since it changed. */
  private int weight;

  Hit(String id, float score, int shard, List<Object> sortValues) {
    this.id = id;
    this.score = score;
    this.shard = shard;
    this.sortValues = sortValues;
  }

  static Hit of(TopDocument top, Shard shard) {
    var hit = new Hit(top.id(), top.score(), shard.number(), top.sortValues());
    hit.origin = shard;
    hit.document = top.document();
    return hit;
  }

  /** Fetches what is stored for those hits that still need it, in the order of the shard. */
  static void fetch(Hit[] hits, List<String> fields, Query query, Highlighted highlighted) {
    var byPlace = hits.clone();
    Arrays.sort(byPlace, Hit::byPlace);
    for (var hit : byPlace) {
      hit.fetch(fields, query, highlighted);
    }
  }

  /** In this order a shard's documents are read front to back. */
  private static int byPlace(Hit a, Hit b) {
    return a.shard != b.shard
        ? Integer.compare(a.shard, b.shard)
        : Integer.compare(a.document, b.document);
  }

  private void fetch(List<String> fields, Query query, Highlighted highlighted) {
    var from = origin;
    if (from == null) {
      return;
    }
    origin = null;
    weight = 0;
    var stored = from.document(document, fields, query, highlighted.fields(from));
    json = stored.json();
    highlights = stored.highlights();
  }

  /** What the hits and their array take of the heap, in bytes. */
  static long weight(Hit[] hits) {
    long sum = hits.length == 0 ? 0 : HeapSize.references(hits.length);
    for (var hit : hits) {
      sum += hit.weight();
    }
    return sum;
  }

  private int weight() {
    if (weight == 0) {
      long found =
          OWN + HeapSize.text(id) + ofSortValues() + HeapSize.bytes(json.length) + ofHighlights();
      weight = (int) Math.min(Integer.MAX_VALUE, found);
    }
    return weight;
  }

  private long ofSortValues() {
    long sum = sortValues.isEmpty() ? 0 : HeapSize.list(sortValues.size());
    for (var value : sortValues) {
      sum +=
          switch (value) {
            case Number number -> NUMBER;
            case String text -> HeapSize.text(text);
            default -> 0;
          };
    }
    return sum;
  }

  private long ofHighlights() {
    if (highlights.isEmpty()) {
      return 0;
    }
    int places = LEAST_PLACES;
    while (places * 3 / 4 < highlights.size()) {
      places *= 2;
    }
    long sum = MAP + HeapSize.references(places);
    for (var entry : highlights.entrySet()) {
      var fragments = entry.getValue();
      sum += ENTRY + HeapSize.text(entry.getKey()) + HeapSize.list(fragments.size());
      for (var fragment : fragments) {
        sum += HeapSize.text(fragment);
      }
    }
    return sum;
  }

  SearchHit result() {
    return new SearchHit(id, score, shard, json, highlights, sortValues);
  }
}
