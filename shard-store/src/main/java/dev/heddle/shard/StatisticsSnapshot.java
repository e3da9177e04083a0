package dev.heddle.shard;

import java.util.Optional;

/**
 * Figures of a whole dataset, frozen for a query. Scoring uses these and nothing local, so that
 * documents score alike on every shard. Safe for any thread.
 */
public interface StatisticsSnapshot {
  /** Absent: not known here; ask for it. */
  Optional<FieldFigures> field(String field);

  /** Absent: not known here; ask for it. A term that no shard has is known to be zero. */
  Optional<TermFigures> term(TermKey term);

  /** Knows what the statistics name, and nothing else. */
  static StatisticsSnapshot of(ShardStatistics statistics) {
    return new StatisticsSnapshot() {
      @Override
      public Optional<FieldFigures> field(String field) {
        return Optional.ofNullable(statistics.fields().get(field));
      }

      @Override
      public Optional<TermFigures> term(TermKey term) {
        return Optional.ofNullable(statistics.terms().get(term));
      }
    };
  }
}
