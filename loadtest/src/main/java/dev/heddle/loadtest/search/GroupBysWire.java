package dev.heddle.loadtest.search;

import dev.heddle.sample.search.Corpus;
import dev.heddle.v1.AggregationResult;
import dev.heddle.v1.QueryResponse;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/**
 * Documents with many different keys, a short one and a long one each, and how many there are of
 * each: what answers are checked against.
 */
final class GroupBysWire {
  static final String SCHEMA =
      """
      {"fields": [{"name": "short", "type": "keyword"}, {"name": "long", "type": "keyword"},
        {"name": "n", "type": "long"}]}\
      """;
  static final String SHORT = "short";
  static final String LONG = "long";
  static final int SHORT_LENGTH = 8;
  static final int LONG_LENGTH = 36;

  private static final String SIGNS = "0123456789abcdef";
  private static final int MOST_NUMBER = 1_000_000;

  private final List<Corpus.Document> documents = new ArrayList<>();
  private final Map<String, Map<String, Long>> counts = new HashMap<>();

  /**
   * @param count of documents
   * @param keys how many different keys they are drawn from, evenly
   */
  GroupBysWire(int count, int keys, Random random) {
    var shorts = texts(keys, SHORT_LENGTH, random);
    var longs = texts(keys, LONG_LENGTH, random);
    for (int i = 0; i < count; i++) {
      var brief = shorts.get(random.nextInt(keys));
      var full = longs.get(random.nextInt(keys));
      var json =
          "{\"short\":\"%s\",\"long\":\"%s\",\"n\":%d}"
              .formatted(brief, full, random.nextInt(MOST_NUMBER));
      documents.add(new Corpus.Document("id" + i, json.getBytes(StandardCharsets.UTF_8)));
      count(SHORT, brief);
      count(LONG, full);
    }
  }

  private static List<String> texts(int count, int length, Random random) {
    var texts = new ArrayList<String>();
    for (int i = 0; i < count; i++) {
      var text = new StringBuilder();
      for (int at = 0; at < length; at++) {
        text.append(SIGNS.charAt(random.nextInt(SIGNS.length())));
      }
      texts.add(text.toString());
    }
    return texts;
  }

  private void count(String field, String key) {
    counts.computeIfAbsent(field, _ -> new HashMap<>()).merge(key, 1L, Long::sum);
  }

  List<Corpus.Document> documents() {
    return documents;
  }

  /**
   * What is wrong with an answer: it saw all documents, no key's count is outside of the bounds
   * that it states, and none is missing that it should have.
   *
   * @param field of the group-bys; there may be several
   * @return empty: nothing
   */
  String wrong(QueryResponse answer, String field) {
    var coverage = answer.getCoverage();
    if (coverage.getSeen() != documents.size() || coverage.getMissingCount() > 0) {
      return "coverage: " + coverage;
    }
    if (answer.getAggsMap().isEmpty()) {
      return "no group-by";
    }
    for (var agg : answer.getAggsMap().values()) {
      var wrong = wrong(agg, counts.getOrDefault(field, Map.of()));
      if (!wrong.isEmpty()) {
        return field + ": " + wrong;
      }
    }
    return "";
  }

  private String wrong(AggregationResult result, Map<String, Long> truth) {
    var rest = new HashMap<>(truth);
    long sum = result.getOther();
    for (var bucket : result.getBucketsList()) {
      Long count = rest.remove(bucket.getKey());
      long most = bucket.hasUpper() ? bucket.getUpper() : bucket.getCount();
      if (count == null || count < bucket.getCount() || count > most) {
        return "%s: %d to %d (expected: %s, once)"
            .formatted(bucket.getKey(), bucket.getCount(), most, count);
      }
      sum += bucket.getCount();
      for (var inner : bucket.getAggsMap().entrySet()) {
        if (inner.getValue().hasStats()
            && inner.getValue().getStats().getCount() != bucket.getCount()) {
          return "%s: %s (expected: of %d)"
              .formatted(bucket.getKey(), inner.getValue(), bucket.getCount());
        }
      }
    }
    if (sum != documents.size()) {
      return sum + " counted (expected: " + documents.size() + ")";
    }
    for (var left : rest.entrySet()) {
      if (left.getValue() > result.getUnseenBound()) {
        return "%s has %d and is left out (expected: at most %d)"
            .formatted(left.getKey(), left.getValue(), result.getUnseenBound());
      }
    }
    return "";
  }
}
