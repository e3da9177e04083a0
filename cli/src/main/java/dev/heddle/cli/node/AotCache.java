package dev.heddle.cli.node;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * What the JVM wrote down in a training run: classes as it has them in memory, and how often their
 * methods were called, so that those which matter are compiled at once (JEP 483 and 515). A node
 * that has it starts in half the time. It belongs to one class path and one JDK; of others the JVM
 * makes no use.
 */
public final class AotCache {
  /** Where it lies; set by the {@code heddle} command. */
  private static final String PROPERTY = "heddle.aot";

  private AotCache() {}

  /** Flags for a process with the class path of this one; empty: there is none. */
  public static List<String> flags() {
    var file = System.getProperty(PROPERTY, "");
    return file.isEmpty() || !Files.exists(Path.of(file))
        ? List.of()
        // One of another build is no news: the process starts as it did without.
        : List.of("-D" + PROPERTY + "=" + file, "-XX:AOTCache=" + file, "-Xlog:aot=off");
  }
}
