package dev.heddle.loadtest.search;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What a subject answered to a query.
 *
 * @param total documents that match, or at least so many
 * @param exact whether there are no more
 * @param hits best first
 * @param buckets documents by value, most first; empty unless asked for
 * @param problem in words, where the answer is incomplete; else empty
 */
record Found(long total, boolean exact, List<Hit> hits, Map<String, Long> buckets, String problem) {
  Found {
    hits = List.copyOf(hits);
    buckets = Collections.unmodifiableMap(new LinkedHashMap<>(buckets));
  }

  /** A document that was found. */
  record Hit(String id, float score) {}
}
