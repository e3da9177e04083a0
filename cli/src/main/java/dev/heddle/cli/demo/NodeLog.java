package dev.heddle.cli.demo;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;

/** A node's log file: rotated at each start, a few old ones are kept. */
final class NodeLog {
  private static final int KEPT = 3;
  private static final int TAIL_BYTES = 16 << 10;

  private NodeLog() {}

  /** Makes way for a new log: {@code x.log} becomes {@code x.log.1}, and so on. */
  static void rotate(Path log) throws IOException {
    Files.createDirectories(log.toAbsolutePath().getParent());
    for (int i = KEPT - 1; i >= 0; i--) {
      Path older = i == 0 ? log : numbered(log, i);
      if (Files.exists(older)) {
        Files.move(older, numbered(log, i + 1), StandardCopyOption.REPLACE_EXISTING);
      }
    }
  }

  /** At most {@code count} lines of its end; empty if there is no log. */
  static List<String> tail(Path log, int count) {
    try (RandomAccessFile file = new RandomAccessFile(log.toFile(), "r")) {
      long start = Math.max(0, file.length() - TAIL_BYTES);
      byte[] end = new byte[(int) (file.length() - start)];
      file.seek(start);
      file.readFully(end);
      List<String> lines = new String(end, StandardCharsets.UTF_8).lines().toList();
      return lines.subList(Math.max(0, lines.size() - count), lines.size());
    } catch (IOException e) {
      return List.of("(no log: " + e.getMessage() + ")");
    }
  }

  private static Path numbered(Path log, int number) {
    return log.resolveSibling(log.getFileName() + "." + number);
  }
}
