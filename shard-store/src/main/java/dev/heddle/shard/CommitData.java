package dev.heddle.shard;

import dev.heddle.catalog.Schema;
import dev.heddle.replication.LogPosition;
import java.io.IOException;
import java.util.HashMap;
import java.util.Map;
import org.apache.lucene.index.IndexWriter;
import org.apache.lucene.index.SegmentInfos;
import org.apache.lucene.store.Directory;
import org.jspecify.annotations.Nullable;

/**
 * What a commit says of itself.
 *
 * @param at the commit holds everything up to here, and nothing beyond
 * @param schemaVersion of the schema in the log; 0: none yet
 * @param schema null: none yet
 * @param requests see {@link RecentRequests}
 */
record CommitData(
    LogPosition at,
    String incarnation,
    long schemaVersion,
    @Nullable Schema schema,
    String requests) {
  private static final String TERM = "term";
  private static final String INDEX = "index";
  private static final String INCARNATION = "incarnation";
  private static final String SCHEMA_VERSION = "schemaVersion";
  private static final String SCHEMA = "schema";
  private static final String REQUESTS = "requests";

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

  static CommitData of(Map<String, String> data) throws IOException {
    String schema = data.getOrDefault(SCHEMA, "");
    return new CommitData(
        new LogPosition(
            number(data, TERM, LogPosition.NONE.term()),
            number(data, INDEX, LogPosition.NONE.index())),
        data.getOrDefault(INCARNATION, ""),
        number(data, SCHEMA_VERSION, 0),
        schema.isEmpty() ? null : StoredSchema.read(schema),
        data.getOrDefault(REQUESTS, ""));
  }

  private static long number(Map<String, String> data, String key, long otherwise)
      throws IOException {
    String text = data.get(key);
    try {
      return text == null ? otherwise : Long.parseLong(text);
    } catch (NumberFormatException e) {
      throw new IOException(key + ": " + text + " (expected: a number in the commit)", e);
    }
  }

  Map<String, String> entries() {
    Map<String, String> entries = new HashMap<>();
    entries.put(TERM, Long.toString(at.term()));
    entries.put(INDEX, Long.toString(at.index()));
    entries.put(INCARNATION, incarnation);
    entries.put(SCHEMA_VERSION, Long.toString(schemaVersion));
    if (schema != null) {
      entries.put(SCHEMA, StoredSchema.write(schema));
    }
    entries.put(REQUESTS, requests);
    return entries;
  }

  void check(ShardIdentity identity) throws IOException {
    if (!incarnation.equals(identity.incarnation())) {
      throw new IOException(
          "incarnation: %s (expected: %s, as the catalog says)"
              .formatted(incarnation, identity.incarnation()));
    }
  }
}
