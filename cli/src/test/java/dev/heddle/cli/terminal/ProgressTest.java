package dev.heddle.cli.terminal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.cli.terminal.Progress.Unit;
import dev.heddle.process.testing.ManualTicker;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

class ProgressTest {
  private final StringWriter written = new StringWriter();
  private final ManualTicker ticker = new ManualTicker();

  private Progress progress(boolean terminal) {
    Console console =
        new Console(new PrintWriter(new StringWriter()), new PrintWriter(written), terminal);
    return new Progress(console, ticker, "indexed", Unit.DOCUMENTS);
  }

  @Test
  void formatsDocuments() {
    assertEquals(
        "indexed 12,000/33,929 documents [########----------------]  35 %, 6,000 docs/s",
        Progress.line("indexed", Unit.DOCUMENTS, 12_000, 33_929, 2_000_000_000L));
  }

  @Test
  void formatsBytesOfUnknownTotal() {
    assertEquals(
        "fetched 3.0 MiB, 1.5 MiB/s",
        Progress.line("fetched", Unit.BYTES, 3 << 20, 0, 2_000_000_000L));
  }

  @Test
  void writesALineASecondWhereNobodyLooks() {
    try (Progress progress = progress(false)) {
      for (int i = 1; i <= 30; i++) {
        ticker.advance(Duration.ofMillis(100));
        progress.update(i, 30);
      }
    }
    assertEquals(4, written.toString().lines().count(), written.toString());
    assertTrue(written.toString().lines().noneMatch(line -> line.contains("\r")));
  }

  @Test
  void repeatsNoLineWhereNobodyLooks() {
    try (Progress progress = progress(false)) {
      for (int i = 0; i < 30; i++) {
        ticker.advance(Duration.ofSeconds(1));
        progress.update(i < 20 ? 0 : 30, 30);
      }
    }
    // Nothing, all, and the last line.
    assertEquals(3, written.toString().lines().count(), written.toString());
  }

  @Test
  void drawsOneLineAgainOnATerminal() {
    try (Progress progress = progress(true)) {
      ticker.advance(Duration.ofMillis(150));
      progress.update(10, 30);
      progress.update(11, 30);
      ticker.advance(Duration.ofMillis(150));
      progress.update(30, 30);
    }
    assertEquals(3, written.toString().chars().filter(c -> c == '\r').count());
    assertTrue(written.toString().endsWith(System.lineSeparator()));
  }

  @Test
  void paintsOverALongerLine() {
    try (Progress progress = progress(true)) {
      ticker.advance(Duration.ofMillis(100));
      progress.update(1_000_000, 0);
      ticker.advance(Duration.ofHours(100));
      progress.update(1, 0);
    }
    List<String> drawn = written.toString().strip().lines().toList();
    assertTrue(drawn.get(1).length() >= drawn.get(0).length(), drawn::toString);
  }
}
