package dev.heddle.leaf;

import dev.heddle.leaf.LeafTask.EpochId;
import dev.heddle.shard.FieldFigures;
import dev.heddle.shard.ShardStatistics;
import dev.heddle.shard.StatisticsSnapshot;
import dev.heddle.shard.TermFigures;
import dev.heddle.shard.TermKey;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The statistics epochs that coordinators shipped to this leaf. An epoch only grows: a figure never
 * changes, so that all queries of an epoch score alike. Bounded; what was forgotten is asked for
 * again.
 */
final class Epochs {
  private final int maxTerms;
  private final Map<EpochId, Epoch> epochs;

  Epochs(int maxEpochs, int maxTerms) {
    this.maxTerms = maxTerms;
    this.epochs =
        new LinkedHashMap<>(16, 0.75f, true) {
          private static final long serialVersionUID = 1;

          @Override
          protected boolean removeEldestEntry(Map.Entry<EpochId, Epoch> eldest) {
            return size() > maxEpochs;
          }
        };
  }

  Epoch epoch(EpochId id) {
    synchronized (epochs) {
      return epochs.computeIfAbsent(id, unknown -> new Epoch(maxTerms));
    }
  }

  /** One epoch's figures; safe for use by many threads. */
  static final class Epoch implements StatisticsSnapshot {
    private final int maxTerms;
    private final Map<TermKey, TermFigures> terms = new ConcurrentHashMap<>();
    private volatile Map<String, FieldFigures> fields = Map.of();
    private volatile boolean fieldsKnown;

    private Epoch(int maxTerms) {
      this.maxTerms = maxTerms;
    }

    void learn(ShardStatistics figures) {
      if (!fieldsKnown) {
        fields = Map.copyOf(figures.fields());
        fieldsKnown = true;
      }
      if (terms.size() + figures.terms().size() > maxTerms) {
        terms.clear();
      }
      figures.terms().forEach(terms::putIfAbsent);
    }

    /** Whether the collection's own figures have arrived. */
    boolean fieldsKnown() {
      return fieldsKnown;
    }

    @Override
    public Optional<FieldFigures> field(String name) {
      return Optional.ofNullable(fields.get(name));
    }

    @Override
    public Optional<TermFigures> term(TermKey key) {
      return Optional.ofNullable(terms.get(key));
    }
  }
}
