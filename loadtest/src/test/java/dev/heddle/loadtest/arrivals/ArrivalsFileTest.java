package dev.heddle.loadtest.arrivals;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ArrivalsFileTest {
  @TempDir Path directory;

  private Path file(String text) throws IOException {
    return Files.writeString(directory.resolve("arrivals.txt"), text);
  }

  private void refused(String text, String told) throws IOException {
    var file = file(text);
    var refusal = assertThrows(HeddleException.class, () -> ArrivalsFile.read(file));
    assertEquals(ErrorCode.INVALID_REQUEST, refusal.code());
    assertTrue(
        String.valueOf(refusal.getMessage()).contains(told), () -> "" + refusal.getMessage());
  }

  @Test
  void timesAreMillisecondsFromTheBeginning() throws Exception {
    var times = ArrivalsFile.read(file("# a log\n0\n\n1.5\n1.5\n 20 \n"));

    assertArrayEquals(new long[] {0, 1_500_000, 1_500_000, 20_000_000}, times);
  }

  @Test
  void arrivalsEndWithTheLastTime() {
    var arrivals = Arrivals.at(3, 7);

    assertEquals(3, arrivals.nextNanos());
    assertEquals(7, arrivals.nextNanos());
    assertEquals(Long.MAX_VALUE, arrivals.nextNanos());
    assertEquals(Long.MAX_VALUE, arrivals.nextNanos());
  }

  @Test
  void manyTimesAreRead() throws Exception {
    var text = new StringBuilder();
    for (int i = 0; i < 5_000; i++) {
      text.append(i).append('\n');
    }

    var times = ArrivalsFile.read(file(text.toString()));

    assertEquals(5_000, times.length);
    assertEquals(4_999_000_000L, times[4_999]);
  }

  @Test
  void whatIsNoTimeIsRefusedWithItsLine() throws Exception {
    refused("0\nsoon\n", "line 2: soon");
    refused("5\n4\n", "line 2: 4 (expected: not less than the time before it)");
    refused("-1\n", "line 1: -1");
    refused("NaN\n", "line 1: NaN");
    refused("# nothing\n", "no time");
  }

  @Test
  void aFileThatIsNotThereIsRefused() {
    var refusal =
        assertThrows(
            HeddleException.class, () -> ArrivalsFile.read(directory.resolve("missing.txt")));
    assertEquals(ErrorCode.INVALID_REQUEST, refusal.code());
  }
}
