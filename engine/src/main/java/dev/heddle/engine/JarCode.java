package dev.heddle.engine;

import dev.heddle.process.DataSize;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.jar.Attributes;
import java.util.jar.Manifest;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;
import org.jspecify.annotations.Nullable;

/**
 * The files of a jar, read into memory; nothing is ever written to disk. Refuses what is no jar,
 * what unpacks beyond the limits, and names or kinds of entries that no build tool writes.
 */
final class JarCode {
  private static final String CLASS_SUFFIX = ".class";
  private static final String MANIFEST = "META-INF/MANIFEST.MF";
  private static final String VERSIONS = "META-INF/versions/";

  private static final int END_SIGNATURE = 0x06054b50;
  private static final int END_LENGTH = 22;
  private static final int MAX_COMMENT = 0xFFFF;
  private static final int CENTRAL_SIGNATURE = 0x02014b50;
  private static final int CENTRAL_LENGTH = 46;
  private static final int LINK_MODE = 0xA000;

  private final Map<String, byte[]> files;

  private JarCode(Map<String, byte[]> files) {
    this.files = files;
  }

  static JarCode parse(byte[] jar, JarLimits limits) {
    if (jar.length > limits.maxJar().bytes()) {
      throw refuse(jar.length + " bytes", "at most " + limits.maxJar());
    }
    int entries = checkDirectory(jar, limits);
    try (var zip = new ZipInputStream(new ByteArrayInputStream(jar))) {
      var files = new HashMap<String, byte[]>();
      var names = new HashSet<String>();
      long total = 0;
      for (ZipEntry entry; (entry = zip.getNextEntry()) != null; ) {
        checkName(entry.getName(), names);
        if (names.size() > entries) {
          break;
        }
        if (entry.isDirectory()) {
          continue;
        }
        long left = limits.maxUncompressed().bytes() - total;
        long most = Math.min(left, limits.maxEntry().bytes());
        var content = zip.readNBytes((int) Math.min(Integer.MAX_VALUE - 8, most + 1));
        if (content.length > most) {
          var max = left < limits.maxEntry().bytes() ? limits.maxUncompressed() : limits.maxEntry();
          throw tooLarge(entry.getName(), max);
        }
        total += content.length;
        files.put(entry.getName(), content);
      }
      if (names.size() != entries) {
        throw refuse(
            "another number of files than its directory says", entries + " as in its directory");
      }
      return new JarCode(forThisJvm(files));
    } catch (IOException | IllegalArgumentException e) {
      throw new HeddleException(
          ErrorCode.INVALID_FUNCTION,
          "code: broken jar: " + e.getMessage() + " (expected: a jar)",
          e);
    }
  }

  private static HeddleException refuse(String value, String expected) {
    return Refusals.refuse(ErrorCode.INVALID_FUNCTION, "code", value, expected);
  }

  private static HeddleException tooLarge(String name, DataSize max) {
    return refuse("unpacks beyond " + max + " at " + name, "at most " + max);
  }

  private static void checkName(String name, Set<String> names) {
    boolean odd =
        name.isEmpty()
            || name.startsWith("/")
            || name.indexOf('\\') >= 0
            || name.indexOf('\0') >= 0
            || Arrays.asList(name.split("/")).contains("..");
    if (odd) {
      throw refuse("entry '" + name + "'", "a relative path without ..");
    }
    if (!names.add(name)) {
      throw refuse("two entries " + name, "each once");
    }
  }

  /** Checks the directory at the end of the jar and returns how many entries it has. */
  private static int checkDirectory(byte[] jar, JarLimits limits) {
    var bytes = ByteBuffer.wrap(jar).order(ByteOrder.LITTLE_ENDIAN);
    int end = jar.length - END_LENGTH;
    int lowest = Math.max(0, end - MAX_COMMENT);
    while (end >= lowest && bytes.getInt(end) != END_SIGNATURE) {
      end--;
    }
    if (end < lowest) {
      throw refuse("not a zip archive", "a jar");
    }
    int entries = Short.toUnsignedInt(bytes.getShort(end + 10));
    if (entries > limits.maxEntries()) {
      throw refuse(entries + " entries", "at most " + limits.maxEntries());
    }
    int at = bytes.getInt(end + 16);
    for (int i = 0; i < entries; i++) {
      if (at < 0 || at > jar.length - CENTRAL_LENGTH || bytes.getInt(at) != CENTRAL_SIGNATURE) {
        throw refuse("broken directory", "a jar");
      }
      int nameLength = Short.toUnsignedInt(bytes.getShort(at + 28));
      int mode = bytes.getInt(at + 38) >>> 16;
      if ((mode & 0xF000) == LINK_MODE) {
        int shown = Math.min(nameLength, jar.length - at - CENTRAL_LENGTH);
        var name = new String(jar, at + CENTRAL_LENGTH, shown, StandardCharsets.UTF_8);
        throw refuse("link " + name, "files only");
      }
      at +=
          CENTRAL_LENGTH
              + nameLength
              + Short.toUnsignedInt(bytes.getShort(at + 30))
              + Short.toUnsignedInt(bytes.getShort(at + 32));
    }
    return entries;
  }

  /** Where the jar has files for several Java versions, the newest that this one can run. */
  private static Map<String, byte[]> forThisJvm(Map<String, byte[]> files) throws IOException {
    var manifest = files.get(MANIFEST);
    if (manifest == null) {
      return files;
    }
    var attributes = new Manifest(new ByteArrayInputStream(manifest)).getMainAttributes();
    if (!Boolean.parseBoolean(attributes.getValue(Attributes.Name.MULTI_RELEASE))) {
      return files;
    }
    var newest = new TreeMap<Integer, Map<String, byte[]>>();
    files.forEach((name, content) -> {
      int slash = name.indexOf('/', VERSIONS.length());
      if (name.startsWith(VERSIONS) && slash > 0) {
        var version = name.substring(VERSIONS.length(), slash);
        if (version.matches("[1-9]\\d{0,3}")) {
          newest
              .computeIfAbsent(Integer.parseInt(version), v -> new HashMap<>())
              .put(name.substring(slash + 1), content);
        }
      }
    });
    var effective = new HashMap<>(files);
    newest.headMap(Runtime.version().feature(), true).values().forEach(effective::putAll);
    return effective;
  }

  byte @Nullable [] file(String name) {
    return files.get(name);
  }

  byte @Nullable [] classFile(String className) {
    return files.get(className.replace('.', '/') + CLASS_SUFFIX);
  }

  /** Names of top-level and nested classes, in order. */
  Iterable<String> classNames() {
    return files.keySet().stream()
        .filter(name -> name.endsWith(CLASS_SUFFIX) && !name.startsWith("META-INF/"))
        .filter(name -> !name.endsWith("module-info.class"))
        .map(name -> name.substring(0, name.length() - CLASS_SUFFIX.length()).replace('/', '.'))
        .sorted()
        .toList();
  }
}
