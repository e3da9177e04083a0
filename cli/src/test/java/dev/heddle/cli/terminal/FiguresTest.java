package dev.heddle.cli.terminal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;

class FiguresTest {
  @Test
  void writesFiguresAsPeopleReadThem() {
    assertEquals("33,929", Figures.count(33_929));
    assertEquals("1 shard", Figures.count(1, "shard"));
    assertEquals("0 shards", Figures.count(0, "shard"));
    assertEquals("870 µs", Figures.micros(870));
    assertEquals("12.3 ms", Figures.micros(12_345));
    assertEquals("123 ms", Figures.micros(123_456));
    assertEquals("4.20 s", Figures.micros(4_200_000));
    assertEquals("512 B", Figures.bytes(512));
    assertEquals("4.0 KiB", Figures.bytes(4_096));
    assertEquals("46.0 MiB", Figures.bytes(46L << 20));
    assertEquals("2026-03-01T23:15:04Z", Figures.instant("2026-03-01T23:15:04.242757599Z"));
    assertEquals("before", Figures.instant("before"));
  }

  @Test
  void neverRoundsAPartUpToAllOrDownToNothing() {
    assertEquals("99.9 %", Figures.percent(999_999, 1_000_000));
    assertEquals("0.1 %", Figures.percent(1, 1_000_000));
    assertEquals("100 %", Figures.percent(5, 5));
    assertEquals("0 %", Figures.percent(0, 5));
  }

  @Test
  void alignsColumns() {
    String table = TextTable.of("NAME", ">COUNT").row("a", 1).row("bcdef", 1_000).text();
    assertEquals("NAME   COUNT\na          1\nbcdef   1000", table);
    assertThrows(IllegalArgumentException.class, () -> TextTable.of("A").row(1, 2));
  }
}
