package dev.heddle.catalog;

import dev.heddle.catalog.Command.Call;
import dev.heddle.replication.LogPosition;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Everything that the log has made up to a place in it.
 *
 * @param calls that were done last, with their revisions, the oldest first
 */
record Snapshot(LogPosition at, CatalogState state, Map<Call, Long> calls) {
  Snapshot {
    calls = Collections.unmodifiableMap(new LinkedHashMap<>(calls));
  }
}
