package dev.heddle.shard;

import dev.heddle.replication.LogPosition;
import org.apache.lucene.index.DirectoryReader;

/**
 * A shard as searches see it: everything up to a position, and nothing beyond.
 *
 * @param at the newest position that the content is that of
 */
record View(DirectoryReader reader, LogPosition at) {
  private static final int DELETED_BITS = 20;

  /** Changes whenever the content or the figures do; the same on replicas at the same place. */
  long number() {
    long deleted = Math.min(reader.numDeletedDocs(), (1 << DELETED_BITS) - 1);
    return at.index() << DELETED_BITS | deleted;
  }
}
