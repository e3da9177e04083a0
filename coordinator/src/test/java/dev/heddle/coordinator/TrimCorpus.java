package dev.heddle.coordinator;

import static dev.heddle.coordinator.QuerySimulationTest.NONE;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.aggregations.SearchFunction;
import dev.heddle.aggregations.SearchPartial;
import dev.heddle.aggregations.SearchResult;
import dev.heddle.coordinator.Attempt.End;
import dev.heddle.coordinator.SimulatedCluster.Answered;
import dev.heddle.function.Bound;
import dev.heddle.function.Coverage;
import dev.heddle.function.ScatterRequest;
import dev.heddle.function.Shard.FieldKind;
import dev.heddle.function.testkit.InMemoryShard;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.stream.IntStream;

/** What lies in the shards, and what leaves find there. */
final class TrimCorpus implements SimulatedCluster.Finding {
  static final int SHARDS = 16;
  static final int K = 50;
  static final List<Skew> SKEWS = List.of(Skew.values());

  /** How documents lie. */
  enum Skew {
    /** As a hash would have it. */
    NONE,
    /** All of the best are in one shard. */
    ONE,
    /** Each shard has better ones than the next. */
    SLOPE
  }

  private final List<InMemoryShard> shards = new ArrayList<>();
  final ScatterRequest request;
  private final Map<String, byte[]> known = new HashMap<>();
  private final Map<List<Integer>, SearchResult> truths = new HashMap<>();

  TrimCorpus(Random random, Skew skew, ScatterRequest request) {
    this.request = request;
    for (int shard = 0; shard < SHARDS; shard++) {
      var builder =
          InMemoryShard.builder("books", shard)
              .field("text", FieldKind.TEXT)
              .field("rank", FieldKind.LONG)
              .field("maybe", FieldKind.LONG);
      for (int i = 0; i < SimulatedCluster.DOCUMENTS; i++) {
        builder.document(
            "%s%04d-%d".formatted(place(skew, shard), random.nextInt(10_000), i),
            fields(random, skew, shard));
      }
      shards.add(builder.build());
    }
  }

  /** Of ids, by which ties are ranked. */
  private static String place(Skew skew, int shard) {
    return switch (skew) {
      case NONE -> "x";
      case ONE -> shard == 3 ? "a" : "x";
      case SLOPE -> "x%02d".formatted(shard);
    };
  }

  private static Map<String, Object> fields(Random random, Skew skew, int shard) {
    boolean better =
        switch (skew) {
          case NONE -> false;
          case ONE -> shard == 3;
          case SLOPE -> random.nextInt(SHARDS) >= shard;
        };
    var words = new ArrayList<String>();
    for (var word : List.of("red", "green", "blue")) {
      if (better || random.nextInt(4) == 0) {
        words.add(word);
      }
    }
    words.add("paper");
    long rank = random.nextInt(1_000) + (better ? 100_000L : 0);
    return random.nextInt(3) == 0
        ? Map.of("text", String.join(" ", words), "rank", rank)
        : Map.of("text", String.join(" ", words), "rank", rank, "maybe", -rank);
  }

  private ScatterRequest request(int hits) {
    return Fixtures.withHits(request, hits);
  }

  @Override
  public byte[] partial(List<Integer> wanted, int hits, Bound bar) {
    return known.computeIfAbsent(
        wanted + " " + hits + " " + bar.least(), _ -> find(wanted, hits, bar));
  }

  private byte[] find(List<Integer> wanted, int hits, Bound bar) {
    var function = new SearchFunction();
    var query = function.prepare(request(hits));
    SearchPartial merged = null;
    for (int shard : wanted) {
      var partial = function.leaf(query, shards.get(shard), () -> bar);
      merged = merged == null ? partial : function.merge(merged, partial);
    }
    if (merged == null) {
      throw new IllegalArgumentException("no shards");
    }
    var bytes = new ByteArrayOutputStream();
    try {
      function.codec().write(function.complete(query, merged), new DataOutputStream(bytes));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }

  /** What a query that trims nothing finds there. */
  SearchResult truth(List<Integer> covered, Coverage coverage) {
    return truths.computeIfAbsent(
        covered,
        _ -> {
          var function = new SearchFunction();
          var query = function.prepare(request(K));
          try {
            var partial =
                covered.isEmpty()
                    ? null
                    : function
                        .codec()
                        .read(
                            new DataInputStream(
                                new ByteArrayInputStream(find(covered, K, Bound.NONE))));
            return function.finish(query, partial, coverage);
          } catch (IOException e) {
            throw new UncheckedIOException(e);
          }
        });
  }

  /**
   * Fails unless the answer is the untrimmed one of the shards that it says it covers, or says that
   * it is the beginning of that.
   */
  void check(Answered answer, String what) {
    var missing = answer.coverage().missing().stream().map(Coverage.Missing::shard).toList();
    var covered =
        IntStream.range(0, SHARDS).filter(shard -> !missing.contains(shard)).boxed().toList();
    var truth = truth(covered, answer.coverage());
    var found = (SearchResult) Objects.requireNonNull(answer.found());
    var all = hits(truth);
    int shown = found.hits().size();
    assertEquals(
        all.subList(0, answer.cut() ? Math.min(shown, all.size()) : all.size()), hits(found), what);
    assertTrue(all.isEmpty() || shown > 0, what);
    if (answer.cut()) {
      assertTrue(shown < Math.min(K, truth.total()), what);
      // Who was told of a bar that is gone has fewer than it was asked for.
      assertTrue(shown >= least(answer) || mayHeed(answer), what);
    }
    if (truth.total() <= request.countUpTo() || !mayHeed(answer)) {
      assertEquals(truth.total(), found.total(), what);
    } else {
      assertTrue(found.total() > request.countUpTo(), what);
      assertTrue(found.total() <= truth.total(), what);
      assertTrue(!found.exact() || found.total() == truth.total(), what);
    }
    assertEquals(
        (long) SimulatedCluster.DOCUMENTS * covered.size(), answer.coverage().seen(), what);
    assertEquals(covered.size(), answer.coverage().answered(), what);
  }

  /** Whether some call left out what others outdo; of those that parts made nobody here knows. */
  private static boolean mayHeed(Answered answer) {
    return answer.calls().stream()
        .anyMatch(call -> call.leaf.handed() || !call.heeds.equals(Bound.NONE));
  }

  /** A leaf that lacks something brought all hits that it was asked for; parts ask for fewer. */
  private static int least(Answered answer) {
    if (answer.calls().stream().anyMatch(call -> call.leaf.handed())) {
      return 1;
    }
    return answer.calls().stream()
        .filter(call -> call.end == End.ANSWERED && call.hits > 0)
        .mapToInt(call -> call.hits)
        .min()
        .orElseThrow();
  }

  private static List<String> hits(SearchResult result) {
    return result.hits().stream()
        .map(hit -> hit.id() + " " + hit.score() + " " + hit.shard() + " " + hit.sortValues())
        .toList();
  }
}
