package dev.heddle.sample.search.related;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * What some shards know.
 *
 * @param limit how many documents are kept at most
 * @param best the best documents, best first
 * @param backgrounds how common the topics are; without a topic until a leaf has counted it
 */
record TopicsPartial(int limit, List<Found> best, Map<String, Background> backgrounds) {
  /** Share of the best score that a document needs to count, unless it is among the first few. */
  private static final float MIN_SHARE = 0.6f;

  private static final int FIRST_FEW = 3;

  private static final Comparator<Found> BEST_FIRST =
      Comparator.comparingDouble((Found found) -> found.score())
          .reversed()
          .thenComparing(Found::id);

  TopicsPartial {
    best = List.copyOf(best);
    backgrounds = Map.copyOf(backgrounds);
  }

  /** What one shard found, in any order; its topics are not counted yet. */
  static TopicsPartial found(int limit, List<Found> documents) {
    return new TopicsPartial(limit, best(limit, documents), Map.of());
  }

  TopicsPartial plus(TopicsPartial other) {
    var documents = new ArrayList<>(best);
    documents.addAll(other.best);
    return new TopicsPartial(limit, best(limit, documents), sum(other.backgrounds));
  }

  /**
   * The best ones, without those that fall far behind the first: a query for any of its words also
   * finds what merely shares one. What is among the first few of all, or near the best of all, was
   * so among some of them, so it does not matter when this is done, nor how often.
   */
  private static List<Found> best(int limit, List<Found> documents) {
    var sorted = documents.stream().sorted(BEST_FIRST).limit(limit).toList();
    var kept = new ArrayList<Found>();
    for (var found : sorted) {
      if (kept.size() >= FIRST_FEW && found.score() < MIN_SHARE * sorted.getFirst().score()) {
        break;
      }
      kept.add(found);
    }
    return kept;
  }

  /** With more counted. */
  TopicsPartial with(Map<String, Background> counted) {
    return new TopicsPartial(limit, best, sum(counted));
  }

  private Map<String, Background> sum(Map<String, Background> others) {
    var sum = new HashMap<>(backgrounds);
    others.forEach((topic, background) -> sum.merge(topic, background, Background::plus));
    return sum;
  }

  Background background(String topic) {
    return backgrounds.getOrDefault(topic, Background.UNKNOWN);
  }

  /** A document and what it mentions. */
  record Found(String id, float score, List<String> topics) {
    Found {
      topics = List.copyOf(topics);
    }
  }

  /**
   * How common a topic is.
   *
   * @param count documents with the topic
   * @param documents documents among which it was counted
   */
  record Background(long count, long documents) {
    static final Background UNKNOWN = new Background(0, 0);

    Background plus(Background other) {
      return new Background(count + other.count, documents + other.documents);
    }

    /** 0 while unknown. */
    double rate() {
      return documents == 0 ? 0 : (double) count / documents;
    }
  }
}
