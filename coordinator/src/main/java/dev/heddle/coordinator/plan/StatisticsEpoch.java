package dev.heddle.coordinator.plan;

import dev.heddle.coordinator.plan.Figures.TermFigures;
import dev.heddle.coordinator.plan.Figures.TermKey;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Figures of a dataset, frozen as they become known: within an epoch a figure never changes, so all
 * its queries score alike on every shard and replica. Whatever a leaf knows of an epoch, this
 * object knows too. Safe for many threads.
 */
public final class StatisticsEpoch {
  private final String owner;
  private final long number;
  private final long createdNanos;
  private final Map<Integer, Sight> sights = new ConcurrentHashMap<>();
  private final Map<TermKey, TermFigures> terms = new ConcurrentHashMap<>();
  private volatile Optional<Figures> fields = Optional.empty();
  private volatile boolean stale;

  StatisticsEpoch(String owner, long number, long createdNanos) {
    this.owner = owner;
    this.number = number;
    this.createdNanos = createdNanos;
  }

  /** Another coordinator's epoch, by its name: nothing is known of it here. */
  public static StatisticsEpoch named(String owner, long number) {
    return new StatisticsEpoch(owner, number, 0);
  }

  public String owner() {
    return owner;
  }

  public long number() {
    return number;
  }

  long createdNanos() {
    return createdNanos;
  }

  /**
   * Freezes figures that every shard within reach contributed to; what is frozen already stays as
   * it is.
   */
  public void establish(Figures figures, boolean withFields) {
    synchronized (this) {
      if (withFields && fields.isEmpty()) {
        fields = Optional.of(new Figures(figures.documents(), figures.fields(), Map.of()));
      }
    }
    figures.terms().forEach(terms::putIfAbsent);
  }

  public boolean knowsFields() {
    return fields.isPresent();
  }

  public boolean knows(TermKey key) {
    return terms.containsKey(key);
  }

  int size() {
    return terms.size();
  }

  /** The collection's figures and those of the terms, as far as known. */
  public Figures figures(Iterable<TermKey> keys) {
    Map<TermKey, TermFigures> found = new HashMap<>();
    for (var key : keys) {
      var figures = terms.get(key);
      if (figures != null) {
        found.put(key, figures);
      }
    }
    var known = fields.orElse(Figures.NONE);
    return new Figures(known.documents(), known.fields(), found);
  }

  /**
   * Notes what a replica of a shard shows now. The epoch becomes stale by a later position than at
   * first or one of another incarnation, and by a shard that did not contribute to its figures; not
   * by a replica that is behind: replicas show the same at the same position.
   */
  public void observe(int shard, Sight sight) {
    boolean frozen = knowsFields();
    var first = sights.putIfAbsent(shard, sight);
    if (first == null ? frozen : sight.isNewsAfter(first)) {
      stale = true;
    }
  }

  /**
   * What a replica of a shard showed.
   *
   * @param incarnation of the shard's history; empty: the replica named no position, and the index
   *     is one that changes whenever what it shows does
   * @param index up to which it showed the history
   */
  public record Sight(String incarnation, long index) {
    private boolean isNewsAfter(Sight first) {
      return !incarnation.equals(first.incarnation)
          || (incarnation.isEmpty() ? index != first.index : index > first.index);
    }
  }

  boolean stale() {
    return stale;
  }

  @Override
  public String toString() {
    return owner + "/" + number;
  }
}
