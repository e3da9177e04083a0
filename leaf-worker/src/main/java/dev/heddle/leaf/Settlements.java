package dev.heddle.leaf;

import dev.heddle.leaf.LeafOutcome.Spent;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * What the last calls cost here, so that a coordinator can learn it of calls that it cancelled. The
 * oldest go first. Safe for many threads.
 */
final class Settlements {
  /**
   * A call: each coordinator that takes part in a query numbers its own to one leaf.
   *
   * @param branch the part of the query that called; empty: all of it
   */
  record Attempt(String queryId, String branch, int number) {}

  /** Guarded by itself. */
  private final Map<Attempt, Spent> last;

  /**
   * Creates the memory.
   *
   * @param most calls
   */
  Settlements(int most) {
    this.last =
        new LinkedHashMap<>() {
          private static final long serialVersionUID = 1;

          @Override
          protected boolean removeEldestEntry(Map.Entry<Attempt, Spent> eldest) {
            return size() > most;
          }
        };
  }

  /** The call ended. */
  void put(Attempt attempt, Spent spent) {
    synchronized (last) {
      last.put(attempt, spent);
    }
  }

  /** What it cost; empty: it runs still, or it was too long ago. */
  Optional<Spent> find(Attempt attempt) {
    synchronized (last) {
      return Optional.ofNullable(last.get(attempt));
    }
  }
}
