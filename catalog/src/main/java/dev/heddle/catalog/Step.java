package dev.heddle.catalog;

import dev.heddle.catalog.CatalogState.RawChange;
import dev.heddle.catalog.Command.Lease;
import java.util.HashSet;
import java.util.Set;

/**
 * What a command makes of a state.
 *
 * @param keys of the entries that it touched; none: nothing has changed
 */
record Step(CatalogState before, CatalogState after, Set<String> keys) {
  Step {
    keys = Set.copyOf(keys);
  }

  /**
   * Decides. The same on every member: no clock, no config, no chance.
   *
   * @throws dev.heddle.process.HeddleException refused; nothing changes
   */
  static Step of(CatalogState before, Command command) {
    Set<String> keys = new HashSet<>();
    CatalogState after =
        switch (command) {
          case Command.Write write -> {
            write.changes().stream().map(RawChange::key).forEach(keys::add);
            yield before.with(write.changes(), write.limits());
          }
          case Command.Grant grant -> {
            keys.add(grant.key());
            yield before.with(grant);
          }
          case Command.End end -> {
            end.leases().stream().filter(before::holds).map(Lease::key).forEach(keys::add);
            yield keys.isEmpty() ? before : before.without(keys);
          }
        };
    return new Step(before, after, keys);
  }

  /** What watchers are told. */
  CatalogUpdate update() {
    return after.since(before, keys);
  }
}
