package dev.heddle.loadtest.search.faults;

import dev.heddle.v1.Aggregation;
import dev.heddle.v1.Clause;
import dev.heddle.v1.QueryRequest;
import dev.heddle.v1.ReadLevel;
import dev.heddle.v1.Sort;
import dev.heddle.v1.Term;
import dev.heddle.v1.Value;
import java.time.Duration;
import java.util.Random;

/**
 * One query.
 *
 * @param group whose documents are asked for; of {@link Kind#COUNTS}, it does not matter
 * @param streamed whether it is answered with improvements
 * @param session whether it has to see everything that was loaded, else it is what a replica has
 */
record AskedWire(Kind kind, String group, boolean streamed, boolean session) {
  static final String FUNCTION = "shard-counts";
  static final String SUM = "sum";
  static final int K = 20;
  private static final long COUNTED = 1_000_000;

  enum Kind {
    /** Documents by shard, by a function of a user's. */
    COUNTS,
    /** The best of a group and the sum of its numbers. */
    SUMS,
    /** The best of a group, for which leaves may be asked for fewer hits. */
    BEST
  }

  /** What the seed says for a query. */
  static AskedWire of(Random random) {
    return new AskedWire(
        Kind.values()[random.nextInt(Kind.values().length)],
        KnownDocuments.group(random.nextInt(KnownDocuments.GROUPS)),
        random.nextInt(4) == 0,
        random.nextBoolean());
  }

  QueryRequest request(String dataset, Duration deadline) {
    var request =
        QueryRequest.newBuilder()
            .setDataset(dataset)
            .setDeadlineMicros(deadline.toNanos() / 1_000)
            .setRead(session ? ReadLevel.READ_LEVEL_SESSION : ReadLevel.READ_LEVEL_ANY)
            .setExplain(true);
    if (kind == Kind.COUNTS) {
      return request.setFunction(FUNCTION).build();
    }
    var value = Value.newBuilder().setStringValue(group);
    var term = Term.newBuilder().setField(KnownDocuments.GROUP).setValue(value);
    request
        .setQuery(Clause.newBuilder().setTerm(term))
        .setK(K)
        .addSort(Sort.newBuilder().setField(KnownDocuments.NUMBER).setDescending(true))
        .setCountUpTo(COUNTED);
    if (kind == Kind.SUMS) {
      var stats = Aggregation.Stats.newBuilder().setField(KnownDocuments.NUMBER);
      request.putAggs(SUM, Aggregation.newBuilder().setStats(stats).build());
    }
    return request.build();
  }
}
