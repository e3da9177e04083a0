package dev.heddle.loadtest.search;

import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * A query that every subject answers, each in its own words.
 *
 * @param words as the analysis leaves them: lower case, no accents
 */
record SearchQuery(SearchKind kind, List<String> words) {
  /** Hits of a page. */
  static final int HITS = 10;

  /** Totals are exact up to this. */
  static final int COUNTED = 1_000;

  /** Buckets that are shown, and those that shards tell of. */
  static final int BUCKETS = 10;

  static final int SHARD_BUCKETS = 256;

  private static final JsonMapper JSON = JsonMapper.shared();

  SearchQuery {
    words = List.copyOf(words);
    if (words.size() != kind.words()) {
      throw new IllegalArgumentException(
          "words: " + words + " (expected: " + kind.words() + " for " + kind.label() + ")");
    }
  }

  String text() {
    return String.join(" ", words);
  }

  /** As {@code POST /v1/datasets/{d}/query} takes it. */
  byte[] heddleJson() {
    var body = JSON.createObjectNode();
    var query = body.putObject("query");
    switch (kind) {
      case TERM, MATCH, DISJUNCTION, TERMS -> match(query, text());
      case PHRASE -> query.putObject("phrase").put(SearchDocuments.BODY, text());
      case BOOLEAN -> {
        var bool = query.putObject("bool");
        var must = bool.putArray("must");
        match(must.addObject(), words.get(0));
        match(must.addObject(), words.get(1));
        match(bool.putArray("mustNot").addObject(), words.get(2));
      }
    }
    body.put("countUpTo", COUNTED).put("highlight", false);
    body.putArray("fields").add(SearchDocuments.TITLE);
    if (kind == SearchKind.TERMS) {
      body.put("k", 0);
      body.putObject("aggs")
          .putObject("t")
          .putObject("terms")
          .put("field", SearchDocuments.TYPE)
          .put("size", BUCKETS);
    } else {
      body.put("k", HITS);
    }
    return body.toString().getBytes(StandardCharsets.UTF_8);
  }

  /** As {@code POST /{index}/_search} of OpenSearch takes it. */
  byte[] openSearchJson() {
    var body = JSON.createObjectNode();
    var query = body.putObject("query");
    switch (kind) {
      case TERM, MATCH, DISJUNCTION, TERMS -> match(query, text());
      case PHRASE -> query.putObject("match_phrase").put(SearchDocuments.BODY, text());
      case BOOLEAN -> {
        var bool = query.putObject("bool");
        var must = bool.putArray("must");
        match(must.addObject(), words.get(0));
        match(must.addObject(), words.get(1));
        match(bool.putArray("must_not").addObject(), words.get(2));
      }
    }
    body.put("track_total_hits", COUNTED);
    body.putArray("_source").add(SearchDocuments.TITLE);
    if (kind == SearchKind.TERMS) {
      body.put("size", 0);
      body.putObject("aggs")
          .putObject("t")
          .putObject("terms")
          .put("field", SearchDocuments.TYPE)
          .put("size", BUCKETS)
          .put("shard_size", SHARD_BUCKETS);
    } else {
      body.put("size", HITS);
    }
    return body.toString().getBytes(StandardCharsets.UTF_8);
  }

  private static void match(ObjectNode clause, String text) {
    clause.putObject("match").put(SearchDocuments.BODY, text);
  }

  /** One line for {@link #parse}. */
  String line() {
    return kind.name() + " " + text();
  }

  static SearchQuery parse(String line) {
    var parts = List.of(line.split(" "));
    try {
      return new SearchQuery(SearchKind.valueOf(parts.getFirst()), parts.subList(1, parts.size()));
    } catch (IllegalArgumentException e) {
      throw new HeddleException(
          ErrorCode.INVALID_REQUEST, "query: " + line + " (expected: a kind and its words)", e);
    }
  }
}
