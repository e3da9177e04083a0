package dev.heddle.catalog;

import dev.heddle.catalog.Command.Call;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalLong;

/**
 * The writes that were done last, so that one that is tried again is done once, also by another
 * leader and after a restart. Part of the replicated state: every member forgets the same ones.
 * Owned by the {@link CatalogReplica}.
 */
final class RecentCalls {
  /** Remembered at most. Members with another number would decide otherwise: a new format. */
  static final int MOST = 1_024;

  private final LinkedHashMap<Call, Long> revisions = new LinkedHashMap<>();

  /**
   * @param revisions that the calls have led to, the oldest first
   */
  RecentCalls(Map<Call, Long> revisions) {
    this.revisions.putAll(revisions);
  }

  /** The revision that a call has led to; empty: it was not done, or long ago. */
  OptionalLong revisionOf(Call call) {
    Long revision = revisions.get(call);
    return revision == null ? OptionalLong.empty() : OptionalLong.of(revision);
  }

  void done(Call call, long revision) {
    revisions.put(call, revision);
    if (revisions.size() > MOST) {
      revisions.pollFirstEntry();
    }
  }

  /** The oldest first; a copy. */
  Map<Call, Long> all() {
    return Collections.unmodifiableMap(new LinkedHashMap<>(revisions));
  }
}
