package dev.heddle.shard;

import dev.heddle.catalog.Schema;
import java.io.IOException;
import java.nio.file.Path;
import org.apache.lucene.index.IndexWriterConfig;
import org.apache.lucene.index.KeepOnlyLastCommitDeletionPolicy;
import org.apache.lucene.index.SnapshotDeletionPolicy;
import org.apache.lucene.index.TieredMergePolicy;
import org.apache.lucene.search.Sort;
import org.apache.lucene.search.SortField;
import org.apache.lucene.store.Directory;
import org.apache.lucene.store.FSDirectory;

/** Opens shards' indexes in their folders, with the settings that all of them share. */
final class ShardOpening {
  /** Opens a folder's files; tests let them fail. */
  interface Disk {
    Directory open(Path folder) throws IOException;

    static Disk files() {
      return FSDirectory::open;
    }
  }

  private final ShardStoreConfig config;
  private final ShardFolders folders;
  private final SharedMerges merges;
  private final Disk disk;

  ShardOpening(ShardStoreConfig config, ShardFolders folders, SharedMerges merges, Disk disk) {
    this.config = config;
    this.folders = folders;
    this.merges = merges;
    this.disk = disk;
  }

  /**
   * Opens the index of a shard.
   *
   * @param mustExist whether the shard was made before: then no index means that data was lost
   */
  LocalShard open(ShardIdentity identity, Schema schema, boolean mustExist) throws IOException {
    Directory directory = disk.open(folders.index(identity));
    boolean opened = false;
    try {
      SnapshotDeletionPolicy commits =
          new SnapshotDeletionPolicy(new KeepOnlyLastCommitDeletionPolicy());
      IndexWriterConfig writing = writing();
      writing.setIndexDeletionPolicy(commits);
      LocalShard shard =
          new LocalShard(identity, schema, config, directory, writing, commits, mustExist);
      opened = true;
      return shard;
    } finally {
      if (!opened) {
        directory.close();
      }
    }
  }

  private IndexWriterConfig writing() {
    TieredMergePolicy policy = new TieredMergePolicy();
    // Once a shard is at rest it is merged into one segment; until then merges get in the way.
    policy.setSegmentsPerTier(8);
    policy.setDeletesPctAllowed(20);
    IndexWriterConfig writing = new IndexWriterConfig(new TextAnalysis.Gaps());
    writing.setSimilarity(TextScoring.similarity());
    // In the order of ids, so that ties by id cost nothing.
    writing.setIndexSort(new Sort(new SortField(IndexFields.ID, SortField.Type.STRING)));
    writing.setMergePolicy(policy);
    writing.setMergeScheduler(merges.scheduler());
    writing.setRAMBufferSizeMB(1);
    // Commits do not wait for merges.
    writing.setMaxFullFlushMergeWaitMillis(0);
    return writing;
  }
}
