package dev.heddle.aggregations;

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

  final String id;
  final float score;
  final int shard;
  final List<Object> sortValues;
  byte[] json = NOT_FETCHED;
  Map<String, List<String>> highlights = Map.of();

  /** The shard that can still be asked for the stored document; null once it was, or elsewhere. */
  private @Nullable Shard origin;

  private int document;

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
    var stored = from.document(document, fields, query, highlighted.fields(from));
    json = stored.json();
    highlights = stored.highlights();
  }

  SearchHit result() {
    return new SearchHit(id, score, shard, json, highlights, sortValues);
  }
}
