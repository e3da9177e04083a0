package dev.heddle.gateway.http;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class LinesTest {
  /** Remembers lines as {@code number:text}, and those too long as {@code number:!bytes}. */
  private static final class Taken implements Lines.Taker {
    final List<String> all = new ArrayList<>();

    @Override
    public void line(long number, byte[] bytes, int length) {
      all.add(number + ":" + new String(bytes, 0, length, StandardCharsets.UTF_8));
    }

    @Override
    public void tooLong(long number, long bytes) {
      all.add(number + ":!" + bytes);
    }
  }

  private static List<String> cut(int most, String... parts) {
    var taken = new Taken();
    var lines = new Lines(most, taken);
    for (String part : parts) {
      lines.feed(ByteBuffer.wrap(part.getBytes(StandardCharsets.UTF_8)));
    }
    lines.finish();
    return taken.all;
  }

  @Test
  void cutsWhereverTheBytesAreSplit() {
    assertEquals(List.of("1:ab", "2:c", "3:d"), cut(10, "a", "b\nc", "\n", "d"));
    assertEquals(List.of("1:a\r", "2:b"), cut(10, "a\r\nb\n"));
    assertEquals(List.of(), cut(10));
    assertEquals(List.of(), cut(10, "\n\n"));
  }

  @Test
  void countsBlankLinesAndHandsOutNone() {
    assertEquals(List.of("2:a", "5:b"), cut(10, "\na\n \t\r\n\nb"));
  }

  @Test
  void skipsALineThatIsTooLongToItsEnd() {
    assertEquals(List.of("1:aaa", "2:!4", "3:b"), cut(3, "aaa\nbbbb\nb"));
    assertEquals(List.of("1:!9"), cut(3, "aa", "aaa", "aaaa"));
    assertEquals(List.of("1:!5", "2:c"), cut(3, "aaa", "aa", "\nc"));
  }

  @Test
  void holdsNoMoreThanTheLongestLine() {
    var taken = new Taken();
    var lines = new Lines(64 << 10, taken);
    ByteBuffer much = ByteBuffer.allocate(1 << 20);
    for (int i = 0; i < 1_000; i++) {
      lines.feed(much.duplicate());
    }
    lines.feed(ByteBuffer.wrap("\nnext".getBytes(StandardCharsets.US_ASCII)));
    lines.finish();
    assertEquals(List.of("1:!" + (1_000L << 20), "2:next"), taken.all);
  }

  @Test
  void anySplitGivesTheSameLines() {
    long seed = new Random().nextLong();
    var random = new Random(seed);
    var text = new StringBuilder();
    for (int i = 0; i < 500; i++) {
      text.append("ü".repeat(random.nextInt(40))).append(random.nextBoolean() ? "\n" : "x\r\n");
    }
    byte[] bytes = text.toString().getBytes(StandardCharsets.UTF_8);
    var taken = new Taken();
    var lines = new Lines(50, taken);
    for (int at = 0; at < bytes.length; ) {
      int length = Math.min(bytes.length - at, 1 + random.nextInt(70));
      lines.feed(ByteBuffer.wrap(bytes, at, length));
      at += length;
    }
    lines.finish();
    assertEquals(cut(50, text.toString()), taken.all, "seed " + seed);
  }
}
