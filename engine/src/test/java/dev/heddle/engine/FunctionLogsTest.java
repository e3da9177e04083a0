package dev.heddle.engine;

import static dev.heddle.engine.Workshop.fails;
import static dev.heddle.process.testing.Eventually.eventually;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.catalog.CatalogView;
import dev.heddle.process.DataSize;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.testing.ManualClock;
import dev.heddle.process.testing.ManualTicker;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(300)
final class FunctionLogsTest {
  private static final LogLimits LIMITS =
      new LogLimits(5, DataSize.ofKiB(4), DataSize.ofKiB(6), 2, 8, 2, 3);

  private final ManualTicker ticker = new ManualTicker();
  private final ManualClock clock = new ManualClock(Instant.EPOCH);
  private final FunctionLogs logs = new FunctionLogs(LIMITS, clock, ticker);

  @AfterEach
  void close() {
    logs.close();
  }

  private boolean write(String tenant, String function, String invocation, String text) {
    return logs.append(
        FunctionRef.builtIn(tenant, function),
        invocation,
        Workshop.TRACE.traceId(),
        () -> text,
        text.length());
  }

  @Test
  void reportsTakeNothingOfTheFunctionsRate() {
    var function = FunctionRef.builtIn("t", "f");
    for (int i = 0; i < 100; i++) {
      assertTrue(logs.report(function, "i", "t", () -> "REPORT", 6));
    }
    for (int i = 0; i < 8; i++) {
      assertTrue(write("t", "f", "i", "line " + i));
    }
    assertTrue(!write("t", "f", "i", "beyond the burst"));
    assertTrue(logs.report(function, "i", "t", () -> "REPORT of the last", 18));
    assertEquals("REPORT of the last", read("t", "f").getLast());
  }

  private List<String> read(String tenant, String function) {
    return texts(logs.read(tenant, function, 100, Optional.empty()));
  }

  private static List<String> texts(List<FunctionLogLine> lines) {
    return lines.stream().map(FunctionLogLine::text).toList();
  }

  @Test
  void keepsTheNewestLinesOfEachFunction() {
    for (int i = 0; i < 7; i++) {
      assertTrue(write("t", "f", "i" + i % 2, "line " + i));
    }
    write("t", "g", "i0", "other");
    write("u", "f", "i0", "of another tenant");
    assertEquals(List.of("line 2", "line 3", "line 4", "line 5", "line 6"), read("t", "f"));
    assertEquals(List.of("line 5", "line 6"), texts(logs.read("t", "f", 2, Optional.empty())));
    assertEquals(List.of("line 3", "line 5"), texts(logs.read("t", "f", 9, Optional.of("i1"))));
    assertEquals(List.of("of another tenant"), read("u", "f"));
    assertEquals(List.of(), read("u", "g"));
    assertEquals(
        new FunctionLogLine(
            Instant.EPOCH, "g", "", "i0", "0af7651916cd43dd8448eb211c80319c", "other", 0),
        logs.read("t", "g", 1, Optional.empty()).getFirst());
  }

  @Test
  void boundsTheirBytesOfOneAndOfAll() {
    for (int i = 0; i < 4; i++) {
      write("t", "f", "i", "x".repeat(1_000) + i);
    }
    assertEquals(3, read("t", "f").size());
    write("t", "g", "i", "x".repeat(3_800));
    assertTrue(logs.size() <= 6 << 10);
    assertEquals(1, read("t", "f").size());
    write("t", "h", "i", "x".repeat(3_800));
    assertEquals(List.of(), read("t", "f"));
    assertEquals(1, read("t", "h").size());
    write("t", "h", "i", "x".repeat(5_000));
    assertEquals(List.of(), read("t", "h"));
  }

  @Test
  void countsWhatAFunctionWritesTooFast() {
    int kept = 0;
    for (int i = 0; i < 20; i++) {
      kept += write("t", "f", "i", "line " + i) ? 1 : 0;
    }
    assertEquals(8, kept);
    assertTrue(write("t", "g", "i", "a neighbour"));
    ticker.advance(Duration.ofSeconds(1));
    assertTrue(write("t", "f", "i", "later"));
    assertTrue(write("t", "f", "i", "and"));
    assertEquals(false, write("t", "f", "i", "too many"));
    var lines = logs.read("t", "f", 2, Optional.empty());
    assertEquals(12, lines.getFirst().lost());
    assertEquals(0, lines.getLast().lost());
  }

  @Test
  void aReaderGetsTheLastLinesAndWhatFollowsWithoutAGap() {
    write("t", "f", "i", "one");
    write("t", "f", "i", "two");
    var seen = new CopyOnWriteArrayList<String>();
    try (var _ = logs.follow("t", "f", 1, Optional.of("i"), line -> seen.add(line.text()))) {
      write("t", "f", "i", "three");
      write("t", "f", "another", "not this");
      write("t", "g", "i", "nor this");
      eventually("all are read", () -> seen.equals(List.of("two", "three")));
    }
    write("t", "f", "i", "four");
    assertEquals(List.of("two", "three"), seen);
  }

  @Test
  void aSlowReaderLosesLinesAndLearnsHowMany() throws Exception {
    var seen = new CopyOnWriteArrayList<FunctionLogLine>();
    var first = new CountDownLatch(1);
    var go = new CountDownLatch(1);
    try (var _ =
        logs.follow(
            "t",
            "f",
            0,
            Optional.empty(),
            line -> {
              seen.add(line);
              first.countDown();
              try {
                go.await();
              } catch (InterruptedException e) {
                throw new IllegalStateException(e);
              }
            })) {
      write("t", "f", "i", "0");
      first.await();
      for (int i = 1; i < 7; i++) {
        assertTrue(write("t", "f", "i", "" + i));
      }
      go.countDown();
      eventually("what waited is read", () -> seen.size() == 4);
      write("t", "f", "i", "7");
      eventually("the next one is read", () -> seen.size() == 5);
    }
    assertEquals(List.of("0", "1", "2", "3", "7"), texts(seen));
    assertEquals(3, seen.getLast().lost());
  }

  @Test
  void readersAreFewAndEndWithTheLogs() {
    var one = logs.follow("t", "f", 0, Optional.empty(), line -> {});
    var _ = logs.follow("t", "g", 0, Optional.empty(), line -> {});
    fails(ErrorCode.LIMIT_REACHED, () -> logs.follow("t", "h", 0, Optional.empty(), line -> {}));
    one.close();
    one.close();
    var _ = logs.follow("t", "h", 0, Optional.empty(), line -> {});
    logs.close();
    assertEquals(false, write("t", "f", "i", "too late"));
    fails(ErrorCode.LIMIT_REACHED, () -> logs.follow("t", "h", 0, Optional.empty(), line -> {}));
  }

  @Test
  void forgetsFunctionsThatAreGone() {
    write("t", "f", "i", "one");
    logs.keepOnly(CatalogView.empty());
    assertEquals(List.of(), read("t", "f"));
    assertEquals(0, logs.size());
  }
}
