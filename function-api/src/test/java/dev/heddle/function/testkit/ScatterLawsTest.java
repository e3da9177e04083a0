package dev.heddle.function.testkit;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.function.Bound;
import dev.heddle.function.Codec;
import dev.heddle.function.Coverage;
import dev.heddle.function.JsonObject;
import dev.heddle.function.Law;
import dev.heddle.function.Query;
import dev.heddle.function.RisingBound;
import dev.heddle.function.ScatterFunction;
import dev.heddle.function.ScatterRequest;
import dev.heddle.function.Shard;
import dev.heddle.function.Shard.FieldKind;
import dev.heddle.function.ShardSummary;
import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.BinaryOperator;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

final class ScatterLawsTest {
  /** Merges longs, by default the number of documents of each shard. */
  private record Merging(BinaryOperator<Long> merging, Set<Law> laws)
      implements ScatterFunction<ScatterRequest, Long> {
    @Override
    public ScatterRequest prepare(ScatterRequest request) {
      return request;
    }

    @Override
    public Long leaf(ScatterRequest query, Shard shard) {
      return shard.count(query.query());
    }

    @Override
    public Long merge(Long a, Long b) {
      return merging.apply(a, b);
    }

    @Override
    public @Nullable Object finish(
        ScatterRequest query, @Nullable Long partial, Coverage coverage) {
      return partial;
    }

    @Override
    public Codec<Long> codec() {
      return new Codec<>() {
        @Override
        public void write(Long partial, DataOutput out) throws IOException {
          out.writeLong(partial);
        }

        @Override
        public Long read(DataInput in) throws IOException {
          return in.readLong();
        }
      };
    }
  }

  private static final ScatterRequest ALL =
      new ScatterRequest(
          new Query.All(),
          10,
          List.of(),
          List.of(),
          Map.of(),
          Optional.empty(),
          0,
          JsonObject.EMPTY);

  private static final ScatterRequest AT_LEAST_THREE =
      new ScatterRequest(
          new Query.Range("n", 3L, null, null, null),
          10,
          List.of(),
          List.of(),
          Map.of(),
          Optional.empty(),
          0,
          JsonObject.EMPTY);

  private static InMemoryShard shard(int number, int documents) {
    var builder = InMemoryShard.builder("d", number).field("n", FieldKind.LONG);
    for (int i = 0; i < documents; i++) {
      builder.document("d" + i, Map.of("n", i));
    }
    return builder.build();
  }

  private static void check(BinaryOperator<Long> merge, Law... laws) {
    var shards = List.of(shard(0, 3), shard(1, 5), shard(2, 11), shard(3, 2));
    ScatterLaws.check(() -> new Merging(merge, Set.of(laws)), ALL, shards, 42);
  }

  private static void breaks(String law, BinaryOperator<Long> merge, Law... laws) {
    var thrown = assertThrows(AssertionError.class, () -> check(merge, laws));
    assertTrue(String.valueOf(thrown.getMessage()).startsWith(law), thrown.getMessage());
  }

  @Test
  void letsLawfulMergesPass() {
    check(Long::sum, Law.COMMUTATIVE);
    check(Long::max, Law.COMMUTATIVE, Law.IDEMPOTENT);
    check((a, b) -> b, Law.IDEMPOTENT);
  }

  @Test
  void findsWhatIsNotAssociative() {
    breaks("merge: another grouping", (a, b) -> a - b);
  }

  @Test
  void findsWhatIsNotCommutative() {
    breaks("merge: another order", (a, b) -> b, Law.COMMUTATIVE);
  }

  @Test
  void findsWhatIsNotIdempotent() {
    breaks("merge: a partial merged with itself", Long::sum, Law.IDEMPOTENT);
  }

  /** Gives the highest n; the parts that may break are the subclasses'. */
  private static class Highest implements ScatterFunction<ScatterRequest, Long> {
    @Override
    public ScatterRequest prepare(ScatterRequest request) {
      return request;
    }

    @Override
    public Long leaf(ScatterRequest query, Shard shard) {
      long[] highest = {0};
      shard.forEach(
          query.query(),
          segment -> {
            var values = segment.longs("n");
            return (document, score) -> {
              if (values.advance(document)) {
                highest[0] = Math.max(highest[0], values.next());
              }
            };
          });
      return highest[0];
    }

    @Override
    public Long merge(Long a, Long b) {
      return Math.max(a, b);
    }

    @Override
    public @Nullable Object finish(
        ScatterRequest query, @Nullable Long partial, Coverage coverage) {
      return partial == null ? 0L : partial;
    }

    @Override
    public Codec<Long> codec() {
      return new Merging(Long::max, Set.of()).codec();
    }

    @Override
    public Set<Law> laws() {
      return Set.of(Law.COMMUTATIVE, Law.IDEMPOTENT);
    }

    @Override
    public boolean canMatch(ScatterRequest query, ShardSummary summary) {
      return summary.mayMatch(query.query());
    }

    @Override
    public Optional<Bound> bound(ScatterRequest query, Long partial) {
      return Optional.of(new Bound(partial));
    }
  }

  private static void checkAll(Supplier<Highest> maker) {
    var all = List.of(shard(0, 3), shard(1, 5), shard(2, 11), shard(3, 2));
    ScatterLaws.of(maker, AT_LEAST_THREE, all, 7)
        .cuts(count -> {
          var cut = new ArrayList<InMemoryShard>();
          for (int i = 0; i < count; i++) {
            cut.add(shard(i, i == 0 ? 11 : i));
          }
          return cut;
        })
        .summaries(all.stream().map(InMemoryShard::summary).toList())
        .check();
  }

  private static void breaksAll(String law, Supplier<Highest> maker) {
    var thrown = assertThrows(AssertionError.class, () -> checkAll(maker));
    assertTrue(String.valueOf(thrown.getMessage()).startsWith(law), thrown.getMessage());
  }

  @Test
  void letsLawfulFunctionsPassEveryLaw() {
    checkAll(Highest::new);
  }

  @Test
  void findsInstancesThatKeepWhatTheyMustNot() {
    breaksAll(
        "migrate: shards on other nodes",
        () ->
            new Highest() {
              private long seen;

              @Override
              public Long leaf(ScatterRequest query, Shard shard) {
                seen += 10;
                return super.leaf(query, shard) + seen;
              }
            });
  }

  @Test
  void findsAnswersThatDependOnTheNumberOfShards() {
    breaksAll(
        "split: 1 shards",
        () ->
            new Highest() {
              @Override
              public Long leaf(ScatterRequest query, Shard shard) {
                return super.leaf(query, shard) + (shard.number() == 2 ? 1 : 0);
              }
            });
  }

  @Test
  void findsShardsThatWereSkippedInError() {
    breaksAll(
        "canMatch",
        () ->
            new Highest() {
              @Override
              public boolean canMatch(ScatterRequest query, ShardSummary summary) {
                return summary.documents() < 10;
              }
            });
  }

  @Test
  void findsBoundsThatCutTooMuchOrFall() {
    breaksAll(
        "bound: leaves that heed it",
        () ->
            new Highest() {
              @Override
              public Long leaf(ScatterRequest query, Shard shard, Bound bound) {
                return 0L;
              }
            });
    breaksAll(
        "bound: Optional.empty",
        () ->
            new Highest() {
              @Override
              public Optional<Bound> bound(ScatterRequest query, Long partial) {
                return partial > 4 ? Optional.empty() : Optional.of(new Bound(partial));
              }
            });
  }

  @Test
  void findsLeavesThatLoseWhatIsLeftWhenABoundComesWhileTheyWork() {
    breaksAll(
        "bound: leaves that heed it",
        () ->
            new Highest() {
              @Override
              public Long leaf(ScatterRequest query, Shard shard, RisingBound bound) {
                boolean rises = Stream.generate(bound::now).limit(8).distinct().count() > 1;
                return rises ? 0L : leaf(query, shard);
              }
            });
  }

  /** Finds nothing where it is asked for one hit only. */
  private static class Trimmed extends Highest {
    @Override
    public boolean trims(ScatterRequest query) {
      return true;
    }

    @Override
    public Long leaf(ScatterRequest query, Shard shard) {
      return query.k() == 1 ? 0L : super.leaf(query, shard);
    }

    @Override
    public Long cut(ScatterRequest query, Long merged, Long trimmed) {
      return 0L;
    }
  }

  @Test
  void findsLeavesThatAreNotAskedAgainThoughTheyLackSomething() {
    checkAll(Trimmed::new);
    breaksAll(
        "trims: leaves asked for 1",
        () ->
            new Trimmed() {
              @Override
              public boolean lacks(ScatterRequest query, Long merged, Long trimmed, int k) {
                return false;
              }
            });
  }

  @Test
  void findsCutsThatShowWhatDoesNotHold() {
    breaksAll(
        "cut: shows what does not hold",
        () ->
            new Trimmed() {
              @Override
              public Long cut(ScatterRequest query, Long merged, Long trimmed) {
                return merged;
              }
            });
    breaksAll(
        "cut: what was cut elsewhere lacks nothing",
        () ->
            new Trimmed() {
              @Override
              public boolean lacks(ScatterRequest query, Long merged, Long trimmed, int k) {
                return k > 0;
              }
            });
  }
}
