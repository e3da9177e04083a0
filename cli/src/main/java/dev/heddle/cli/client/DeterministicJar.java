package dev.heddle.cli.client;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.LocalDateTime;
import java.util.SortedMap;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/**
 * A jar that depends on nothing but its entries: the same names and contents give the same bytes,
 * on every machine, so the same function has the same version wherever it was packed.
 */
final class DeterministicJar {
  /**
   * In local time, as zip files have it; not their very first day, for which the JDK would add a
   * time stamp that depends on the time zone.
   */
  private static final LocalDateTime TIME = LocalDateTime.of(1980, 2, 1, 0, 0);

  private DeterministicJar() {}

  static byte[] of(SortedMap<String, byte[]> entries) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
      for (var entry : entries.entrySet()) {
        byte[] content = entry.getValue();
        CRC32 crc = new CRC32();
        crc.update(content);
        // Stored: what a compressor makes of it differs between builds of zlib.
        ZipEntry header = new ZipEntry(entry.getKey());
        header.setMethod(ZipEntry.STORED);
        header.setSize(content.length);
        header.setCrc(crc.getValue());
        header.setTimeLocal(TIME);
        zip.putNextEntry(header);
        zip.write(content);
        zip.closeEntry();
      }
    } catch (IOException e) {
      throw new UncheckedIOException("a stream in memory failed", e);
    }
    return bytes.toByteArray();
  }
}
