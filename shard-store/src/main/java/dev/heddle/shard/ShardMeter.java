package dev.heddle.shard;

/** Counts what a query costs on a shard, or on several in turn. For one thread at a time. */
public final class ShardMeter {
  private long documentsScanned;
  private long operations;
  private long bytesRead;
  private long matched;

  /** Documents that were looked at: matched, scored or handed to a collector. */
  public long documentsScanned() {
    return documentsScanned;
  }

  /** Calls of the shard's methods. */
  public long operations() {
    return operations;
  }

  /** Bytes of stored documents that were read. */
  public long bytesRead() {
    return bytesRead;
  }

  /** Documents that matched, as far as they were counted. */
  public long matched() {
    return matched;
  }

  void scanned(long documents) {
    documentsScanned += documents;
  }

  void operation() {
    operations++;
  }

  void read(long bytes) {
    bytesRead += bytes;
  }

  void matched(long documents) {
    matched += documents;
  }
}
