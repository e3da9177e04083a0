package dev.heddle.catalog;

import java.util.List;

/**
 * What a watcher is told.
 *
 * @param snapshot whether this replaces all that it had
 */
record CatalogUpdate(
    long revision, boolean snapshot, List<CatalogEntry> changed, List<String> removed) {
  CatalogUpdate {
    changed = List.copyOf(changed);
    removed = List.copyOf(removed);
  }
}
