package dev.heddle.engine;

import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.jar.Attributes;
import java.util.jar.Manifest;
import org.jspecify.annotations.Nullable;

/** The files of a jar, or of a function's folder of classes, as this JVM sees them. */
final class JarCode {
  private static final String CLASS_SUFFIX = ".class";
  private static final String JAR_SUFFIX = ".jar";
  private static final String MANIFEST = "META-INF/MANIFEST.MF";
  private static final String VERSIONS = "META-INF/versions/";

  private final Map<String, byte[]> files;

  private JarCode(Map<String, byte[]> files) {
    this.files = files;
  }

  static JarCode parse(byte[] jar, ArchiveLimits limits) {
    return of(ZipFiles.unpack(jar, limits));
  }

  /**
   * What was deployed: a jar, or a folder with one jar in it, or with classes.
   *
   * @throws HeddleException INVALID_FUNCTION saying what is wrong
   */
  static JarCode of(Code code, ArchiveLimits limits) {
    if (code.single()) {
      return parse(code.bytes(), limits);
    }
    var jars = code.files().keySet().stream().filter(name -> name.endsWith(JAR_SUFFIX)).toList();
    if (jars.size() > 1) {
      throw Refusals.refuse(
          ErrorCode.INVALID_FUNCTION,
          "code",
          "several jars: " + String.join(", ", jars),
          "one, with all that the function needs");
    }
    return jars.isEmpty()
        ? of(code.files())
        : parse(Objects.requireNonNull(code.files().get(jars.getFirst())), limits);
  }

  private static JarCode of(Map<String, byte[]> files) {
    try {
      return new JarCode(forThisJvm(files));
    } catch (IOException e) {
      throw new HeddleException(
          ErrorCode.INVALID_FUNCTION,
          "code: broken jar: " + e.getMessage() + " (expected: a jar)",
          e);
    }
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
