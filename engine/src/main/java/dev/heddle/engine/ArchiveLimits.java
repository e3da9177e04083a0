package dev.heddle.engine;

import dev.heddle.process.DataSize;

/**
 * How large deployed code may be. The uncompressed files of an archive stay in memory while it is
 * loaded.
 *
 * @param maxArchive the archive, jar or module itself
 * @param maxEntries files and folders in an archive
 * @param maxEntry one file, uncompressed
 * @param maxUncompressed all files, uncompressed
 * @param maxRatio one file's size by its compressed size, where it is larger than 1 MiB
 * @param maxName bytes of a path
 */
public record ArchiveLimits(
    DataSize maxArchive,
    int maxEntries,
    DataSize maxEntry,
    DataSize maxUncompressed,
    int maxRatio,
    int maxName) {
  public static final ArchiveLimits DEFAULTS =
      new ArchiveLimits(
          DataSize.ofMiB(32), 10_000, DataSize.ofMiB(16), DataSize.ofMiB(64), 200, 512);

  public ArchiveLimits {
    if (maxEntries < 1 || maxEntries >= 0xFFFF) {
      throw new IllegalArgumentException("max-entries: " + maxEntries + " (expected: 1..65534)");
    }
    if (maxRatio < 1) {
      throw new IllegalArgumentException("max-ratio: " + maxRatio + " (expected: >= 1)");
    }
    if (maxName < 1 || maxName > 0xFFFF) {
      throw new IllegalArgumentException("max-name: " + maxName + " (expected: 1..65535)");
    }
  }
}
