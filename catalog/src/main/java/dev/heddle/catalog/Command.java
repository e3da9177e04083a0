package dev.heddle.catalog;

import dev.heddle.catalog.CatalogState.RawChange;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/**
 * An entry of the catalog's log. Checked by the leader before it is written; what it makes of the
 * state is decided when it is applied, alike on every member.
 */
sealed interface Command {
  /** A writer's own number for one write, the same when it tries again. */
  record Call(UUID client, long number) {}

  /**
   * The leader's limits; members may be configured otherwise.
   *
   * @param maxEntries entries
   * @param maxTotalBytes of all values
   */
  record Limits(int maxEntries, long maxTotalBytes) {
    static final Limits NONE = new Limits(Integer.MAX_VALUE, Long.MAX_VALUE);
  }

  /**
   * A node's hold on its entry.
   *
   * @param revision of the entry, if it must not have changed since; 0: any
   */
  record Lease(String node, String incarnation, long revision) {
    String key() {
      return CatalogKeys.node(node);
    }
  }

  /**
   * Applies all changes or none.
   *
   * @param call empty: it is never tried again
   */
  record Write(Optional<Call> call, List<RawChange> changes, Limits limits) implements Command {
    public Write {
      changes = List.copyOf(changes);
    }
  }

  /** Makes a node known, or a newer run of it, or another record of the same run. */
  record Grant(String node, String incarnation, String value, long ttlMillis, Limits limits)
      implements Command {
    String key() {
      return CatalogKeys.node(node);
    }
  }

  /** Ends leases; those that are not held so are left alone. */
  record End(List<Lease> leases) implements Command {
    public End {
      leases = List.copyOf(leases);
    }
  }
}
