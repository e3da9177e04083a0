package dev.heddle.sample.search.related;

import dev.heddle.function.Codec;
import dev.heddle.function.Coverage;
import dev.heddle.function.Law;
import dev.heddle.function.ScatterFunction;
import dev.heddle.function.ScatterRequest;
import dev.heddle.function.Shard;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What the best documents of a query are about: the values of a keyword field that they hold
 * markedly more often than documents do as a rule.
 *
 * <p><b>Foreground</b>: the best documents of all shards together, as one index would find them: a
 * partial carries its best with their scores, and merging keeps the best of both. So which
 * documents count does not depend on the number of shards.
 *
 * <p><b>Background</b>: how often a topic occurs at all. A leaf counts it over all its shards, but
 * only for topics that its own best documents hold; another leaf may know nothing of them. So each
 * topic carries the number of documents among which it was counted, and what is compared is the
 * <em>rate</em>. Documents are spread by hash, so the leaves that counted are a fair sample of all;
 * as they did meet the topic, the rate errs rather on the high side, at most by the factor of the
 * leaves that did not count, and the topic ranks too low rather than too high. It is exact where
 * all leaves counted, as they do for topics that are frequent in the foreground.
 */
public final class RelatedTopics implements ScatterFunction<TopicsQuery, TopicsPartial> {
  /** A topic of a single document is chance. */
  private static final int MIN_COUNT = 2;

  /** The shards of this node that this query has seen; an instance serves one query. */
  private final List<Shard> shards = new ArrayList<>();

  @Override
  public TopicsQuery prepare(ScatterRequest request) {
    return TopicsQuery.of(request);
  }

  @Override
  public TopicsPartial leaf(TopicsQuery query, Shard shard) {
    shards.add(shard);
    return TopicsPartial.found(query.documents(), BestDocuments.of(query, shard));
  }

  @Override
  public TopicsPartial merge(TopicsPartial a, TopicsPartial b) {
    return a.plus(b);
  }

  /** Counts the background once the leaf's best documents are known, not for all that were read. */
  @Override
  public TopicsPartial complete(TopicsQuery query, TopicsPartial partial) {
    long documents = shards.stream().mapToLong(Shard::documents).sum();
    var backgrounds = new HashMap<String, TopicsPartial.Background>();
    for (var topic : counts(partial).keySet()) {
      long count = 0;
      for (var shard : shards) {
        count += shard.frequency(query.field(), topic);
      }
      backgrounds.put(topic, new TopicsPartial.Background(count, documents));
    }
    return partial.with(backgrounds);
  }

  @Override
  public Object finish(TopicsQuery query, @Nullable TopicsPartial partial, Coverage coverage) {
    var topics = partial == null ? List.<Topic>of() : topics(query, partial);
    return Map.of("topics", topics.stream().limit(query.size()).map(Topic::json).toList());
  }

  private static List<Topic> topics(TopicsQuery query, TopicsPartial partial) {
    var topics = new ArrayList<Topic>();
    int foreground = partial.best().size();
    counts(partial)
        .forEach((topic, count) -> {
          var background = partial.background(topic);
          double score = significance((double) count / foreground, background.rate());
          if (count >= MIN_COUNT && score > 0 && !query.asksFor(topic)) {
            topics.add(new Topic(topic, score, count));
          }
        });
    topics.sort(Comparator.comparingDouble(Topic::score).reversed().thenComparing(Topic::topic));
    return topics;
  }

  /** In how many of the best documents each topic occurs. */
  private static Map<String, Integer> counts(TopicsPartial partial) {
    var counts = new HashMap<String, Integer>();
    for (var document : partial.best()) {
      Set<String> once = new HashSet<>(document.topics());
      once.forEach(topic -> counts.merge(topic, 1, Integer::sum));
    }
    return counts;
  }

  /**
   * The JLH score: absolute times relative gain, so that neither what is everywhere nor what is
   * merely rare comes first. 0 where there is no gain.
   */
  private static double significance(double foregroundRate, double backgroundRate) {
    return foregroundRate > backgroundRate && backgroundRate > 0
        ? (foregroundRate - backgroundRate) * (foregroundRate / backgroundRate)
        : 0;
  }

  @Override
  public Codec<TopicsPartial> codec() {
    return TopicsCodec.INSTANCE;
  }

  @Override
  public Set<Law> laws() {
    return Set.of(Law.COMMUTATIVE);
  }

  /** One line of the answer. */
  private record Topic(String topic, double score, int count) {
    Map<String, Object> json() {
      return Map.of("topic", topic, "score", score, "count", count);
    }
  }
}
