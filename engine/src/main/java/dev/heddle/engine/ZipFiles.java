package dev.heddle.engine;

import dev.heddle.process.DataSize;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.zip.CRC32;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;

/**
 * Unpacks a zip archive into memory, by its directory alone. Whatever a build tool would not write
 * is refused before anything is unpacked: paths out of the archive, links, names that come twice,
 * entries that overlap, hide or are encrypted, more than one disk, and any size beyond the limits;
 * and what unpacks to anything else than the directory says. Nothing is ever written to disk.
 */
final class ZipFiles {
  private static final int END_SIGNATURE = 0x06054b50;
  private static final int END_LENGTH = 22;
  private static final int MAX_COMMENT = 0xFFFF;
  private static final int CENTRAL_SIGNATURE = 0x02014b50;
  private static final int CENTRAL_LENGTH = 46;
  private static final int LOCAL_SIGNATURE = 0x04034b50;
  private static final int LOCAL_LENGTH = 30;

  private static final int ENCRYPTED = 1;
  private static final int STORED = 0;
  private static final int DEFLATED = 8;
  private static final int KIND = 0xF000;
  private static final int FILE = 0x8000;
  private static final int FOLDER = 0x4000;
  private static final int LINK = 0xA000;
  private static final long SMALL = 1 << 20;

  /**
   * One entry, as the directory tells it.
   *
   * @param header where its local header begins
   */
  private record Entry(String name, int method, long crc, long compressed, long size, int header) {}

  private final byte[] zip;
  private final ByteBuffer bytes;
  private final ArchiveLimits limits;

  private ZipFiles(byte[] zip, ArchiveLimits limits) {
    this.zip = zip;
    this.bytes = ByteBuffer.wrap(zip).order(ByteOrder.LITTLE_ENDIAN);
    this.limits = limits;
  }

  /** Whether it begins as a zip archive does. */
  static boolean looksLikeOne(byte[] content) {
    return content.length >= END_LENGTH
        && content[0] == 'P'
        && content[1] == 'K'
        && ((content[2] == 3 && content[3] == 4) || (content[2] == 5 && content[3] == 6));
  }

  /**
   * Contents by path, in the order of the directory, without folders.
   *
   * @throws HeddleException INVALID_FUNCTION saying what is wrong
   */
  static Map<String, byte[]> unpack(byte[] zip, ArchiveLimits limits) {
    if (zip.length > limits.maxArchive().bytes()) {
      throw refuse(zip.length + " bytes", "at most " + limits.maxArchive());
    }
    var files = new ZipFiles(zip, limits);
    var entries = files.directory();
    files.checkSizes(entries);
    var contents = new LinkedHashMap<String, byte[]>();
    for (var placed : files.place(entries)) {
      if (!placed.entry.name.endsWith("/")) {
        contents.put(placed.entry.name, files.content(placed));
      }
    }
    return contents;
  }

  private List<Entry> directory() {
    int end = end();
    int entries = unsignedShort(end + 10);
    if (unsignedShort(end + 4) != 0
        || unsignedShort(end + 6) != 0
        || unsignedShort(end + 8) != entries) {
      throw refuse("an archive of several disks", "one file");
    }
    if (entries > limits.maxEntries()) {
      throw refuse(entries + " entries", "at most " + limits.maxEntries());
    }
    int at = bytes.getInt(end + 16);
    var found = new ArrayList<Entry>(entries);
    var names = new HashSet<String>();
    for (int i = 0; i < entries; i++) {
      if (at < 0 || at > end - CENTRAL_LENGTH || bytes.getInt(at) != CENTRAL_SIGNATURE) {
        throw refuse("broken directory", "a zip archive");
      }
      int nameLength = unsignedShort(at + 28);
      int length = CENTRAL_LENGTH + nameLength + unsignedShort(at + 30) + unsignedShort(at + 32);
      if (at + length > end) {
        throw refuse("broken directory", "a zip archive");
      }
      found.add(entry(at, name(at + CENTRAL_LENGTH, nameLength), names));
      at += length;
    }
    if (at != end) {
      throw refuse("broken directory", "one that ends where it says");
    }
    return found;
  }

  /** Where the record at the end begins; an archive with anything behind it is refused. */
  private int end() {
    int end = zip.length - END_LENGTH;
    int lowest = Math.max(0, end - MAX_COMMENT);
    while (end >= lowest && bytes.getInt(end) != END_SIGNATURE) {
      end--;
    }
    if (end < lowest || end + END_LENGTH + unsignedShort(end + 20) != zip.length) {
      throw refuse("not a zip archive", "a zip archive or jar");
    }
    return end;
  }

  private Entry entry(int at, String name, Set<String> names) {
    checkName(name, names);
    if ((unsignedShort(at + 8) & ENCRYPTED) != 0) {
      throw refuse("entry " + name + " is encrypted", "plain ones");
    }
    int kind = bytes.getInt(at + 38) >>> 16 & KIND;
    if (kind == LINK) {
      throw refuse("link " + name, "files only");
    }
    if (kind != 0 && kind != FILE && kind != FOLDER) {
      throw refuse("device or pipe " + name, "files only");
    }
    int method = unsignedShort(at + 10);
    if (method != STORED && method != DEFLATED) {
      throw refuse("entry " + name + " packed by method " + method, "stored or deflated");
    }
    return new Entry(
        name,
        method,
        unsigned(at + 16),
        unsigned(at + 20),
        unsigned(at + 24),
        bytes.getInt(at + 42));
  }

  private String name(int at, int length) {
    if (length > limits.maxName()) {
      throw refuse("a name of " + length + " bytes", "at most " + limits.maxName());
    }
    try {
      return StandardCharsets.UTF_8
          .newDecoder()
          .decode(ByteBuffer.wrap(zip, at, length))
          .toString();
    } catch (CharacterCodingException e) {
      throw new HeddleException(
          ErrorCode.INVALID_FUNCTION, "code: a name that is not UTF-8 (expected: UTF-8)", e);
    }
  }

  private static void checkName(String name, Set<String> names) {
    var parts = Arrays.asList(name.split("/", -1));
    boolean odd =
        name.isEmpty()
            || name.startsWith("/")
            || name.chars().anyMatch(c -> c == '\\' || c < ' ' || c == 127)
            || parts.contains("..")
            || parts.contains(".")
            || parts.subList(0, parts.size() - 1).contains("");
    if (odd) {
      throw refuse("entry '" + name + "'", "a relative path without ..");
    }
    var plain = name.endsWith("/") ? name.substring(0, name.length() - 1) : name;
    if (!names.add(plain)) {
      throw refuse("two entries " + name, "each once");
    }
  }

  /** What the directory promises; held to when it is unpacked. */
  private void checkSizes(List<Entry> entries) {
    long total = 0;
    for (var entry : entries) {
      if (entry.size > limits.maxEntry().bytes()) {
        throw tooLarge(entry.name, limits.maxEntry());
      }
      total += entry.size;
      if (total > limits.maxUncompressed().bytes()) {
        throw tooLarge(entry.name, limits.maxUncompressed());
      }
      if (entry.size > SMALL && entry.size / limits.maxRatio() > entry.compressed) {
        throw refuse(
            "%s unpacks to %d times its size"
                .formatted(entry.name, entry.size / Math.max(1, entry.compressed)),
            "at most " + limits.maxRatio() + " times");
      }
    }
  }

  private static HeddleException tooLarge(String name, DataSize max) {
    return refuse("unpacks beyond " + max + " at " + name, "at most " + max);
  }

  /** An entry and where its data begins. */
  private record Placed(Entry entry, int data) {}

  /** Finds each entry's data; no two may share a byte, or one bomb would count as many. */
  private List<Placed> place(List<Entry> entries) {
    var placed = new ArrayList<Placed>(entries.size());
    for (var entry : entries) {
      int at = entry.header;
      if (at < 0 || at > zip.length - LOCAL_LENGTH || bytes.getInt(at) != LOCAL_SIGNATURE) {
        throw refuse("no entry where its directory says: " + entry.name, "one to be there");
      }
      int nameLength = unsignedShort(at + 26);
      long data = (long) at + LOCAL_LENGTH + nameLength + unsignedShort(at + 28);
      if (data + entry.compressed > zip.length) {
        throw refuse("entry " + entry.name + " is cut", "all of it");
      }
      if (!name(at + LOCAL_LENGTH, nameLength).equals(entry.name)) {
        throw refuse("entry " + entry.name + " has two names", "one");
      }
      placed.add(new Placed(entry, (int) data));
    }
    var inOrder = new ArrayList<>(placed);
    inOrder.sort(Comparator.comparingInt(one -> one.entry.header));
    long free = 0;
    for (var one : inOrder) {
      if (one.entry.header < free) {
        throw refuse("entry " + one.entry.name + " overlaps another", "each in a place of its own");
      }
      free = one.data + one.entry.compressed;
    }
    return placed;
  }

  private byte[] content(Placed placed) {
    var entry = placed.entry;
    var content = entry.method == STORED ? stored(placed) : inflated(placed);
    var crc = new CRC32();
    crc.update(content);
    if (crc.getValue() != entry.crc) {
      throw refuse("entry " + entry.name + " is damaged", "the checksum that its directory says");
    }
    return content;
  }

  private byte[] stored(Placed placed) {
    if (placed.entry.size != placed.entry.compressed) {
      throw otherSize(placed.entry);
    }
    return Arrays.copyOfRange(zip, placed.data, placed.data + (int) placed.entry.size);
  }

  private byte[] inflated(Placed placed) {
    var entry = placed.entry;
    var content = new byte[(int) entry.size];
    var inflater = new Inflater(true);
    try {
      inflater.setInput(zip, placed.data, (int) entry.compressed);
      int size = 0;
      while (size < content.length) {
        int more = inflater.inflate(content, size, content.length - size);
        if (more == 0) {
          throw otherSize(entry);
        }
        size += more;
      }
      // Nothing may follow; an empty read also brings the end of the stream.
      if (inflater.inflate(new byte[1]) != 0 || !inflater.finished()) {
        throw otherSize(entry);
      }
      return content;
    } catch (DataFormatException e) {
      throw new HeddleException(
          ErrorCode.INVALID_FUNCTION,
          "code: entry " + entry.name + " is damaged (expected: a zip archive)",
          e);
    } finally {
      inflater.end();
    }
  }

  private static HeddleException otherSize(Entry entry) {
    return refuse(
        "entry " + entry.name + " unpacks to another size than its directory says",
        entry.size + " bytes");
  }

  private int unsignedShort(int at) {
    return Short.toUnsignedInt(bytes.getShort(at));
  }

  private long unsigned(int at) {
    return Integer.toUnsignedLong(bytes.getInt(at));
  }

  private static HeddleException refuse(String value, String expected) {
    return Refusals.refuse(ErrorCode.INVALID_FUNCTION, "code", value, expected);
  }
}
