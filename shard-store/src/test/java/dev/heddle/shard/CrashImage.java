package dev.heddle.shard;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.stream.Stream;

/** What a crashed process leaves. */
final class CrashImage {
  private CrashImage() {}

  /** All files as they are, but for the lock of a dead process. */
  static void copy(Path from, Path to) throws IOException {
    try (Stream<Path> paths = Files.walk(from)) {
      for (Path path : paths.toList()) {
        Path target = to.resolve(from.relativize(path).toString());
        if (Files.isDirectory(path)) {
          Files.createDirectories(target);
        } else if (!path.endsWith("write.lock") && !path.endsWith("in_use.lock")) {
          try {
            Files.copy(path, target);
          } catch (NoSuchFileException e) {
            // A merge under way lets go of its files; what a commit names stays until the next.
            Files.deleteIfExists(target);
          }
        }
      }
    }
  }
}
