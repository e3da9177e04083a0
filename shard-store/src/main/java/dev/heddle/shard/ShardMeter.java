package dev.heddle.shard;

/** Counts what a query costs on a shard, or on several in turn. For one thread at a time. */
public final class ShardMeter {
  private long documentsScanned;
  private long scanning;
  private long operations;
  private long bytesRead;
  private long matched;

  /**
   * Documents that were looked at: matched, scored or handed to a collector. While a search runs,
   * at most some thousand too few.
   */
  public long documentsScanned() {
    return documentsScanned + scanning;
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

  /** The search under way has looked at so many. */
  void scanning(long documents) {
    scanning = documents;
  }

  /** A search has ended, and looked at so many. */
  void scanned(long documents) {
    documentsScanned += documents;
    scanning = 0;
  }

  void operation() {
    operations++;
    // What a search that was stopped had looked at counts, too.
    documentsScanned += scanning;
    scanning = 0;
  }

  void read(long bytes) {
    bytesRead += bytes;
  }

  void matched(long documents) {
    matched += documents;
  }
}
