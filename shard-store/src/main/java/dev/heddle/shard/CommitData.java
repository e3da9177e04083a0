package dev.heddle.shard;

import java.io.IOException;
import java.util.HashMap;
import java.util.Iterator;
import java.util.Map;
import org.apache.lucene.index.IndexWriter;
import org.apache.lucene.index.SegmentInfos;
import org.apache.lucene.store.Directory;

/**
 * What a commit says of itself.
 *
 * @param index operations that it has, or more; never fewer
 */
record CommitData(long index, String incarnation) {
  private static final String INDEX = "index";
  private static final String INCARNATION = "incarnation";

  static CommitData read(Directory directory) throws IOException {
    return of(SegmentInfos.readLatestCommit(directory).getUserData());
  }

  /** Of the commit that the writer was opened on; of a new index, nothing. */
  static CommitData of(IndexWriter writer) throws IOException {
    Iterable<Map.Entry<String, String>> live = writer.getLiveCommitData();
    Map<String, String> data = new HashMap<>();
    if (live != null) {
      live.forEach(entry -> data.put(entry.getKey(), entry.getValue()));
    }
    return of(data);
  }

  private static CommitData of(Map<String, String> data) throws IOException {
    String index = data.getOrDefault(INDEX, "0");
    try {
      return new CommitData(Long.parseLong(index), data.getOrDefault(INCARNATION, ""));
    } catch (NumberFormatException e) {
      throw new IOException("index: " + index + " (expected: a number in the commit)", e);
    }
  }

  Iterator<Map.Entry<String, String>> entries() {
    return Map.of(INDEX, Long.toString(index), INCARNATION, incarnation).entrySet().iterator();
  }

  void check(ShardIdentity identity) throws IOException {
    if (!incarnation.equals(identity.incarnation())) {
      throw new IOException(
          "incarnation: %s (expected: %s, as the catalog says)"
              .formatted(incarnation, identity.incarnation()));
    }
  }
}
