package dev.heddle.gateway.connection;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** The pace of goodbyes, by pauses that are only counted. */
class GoodbyesTest {
  private static final List<Integer> THOUSAND = IntStream.range(0, 1_000).boxed().toList();

  private final List<Duration> notices = new ArrayList<>();
  private final List<Long> pauses = new ArrayList<>();
  private final List<Integer> said = new ArrayList<>();

  private void say(DrainConfig config, List<Integer> all) {
    var goodbyes = new Goodbyes(config, notice -> notices.add(notice), pauses::add, new Random(5));
    goodbyes.notice();
    goodbyes.say(all, said::add);
  }

  private long paused() {
    return pauses.stream().mapToLong(Long::longValue).sum();
  }

  @Test
  void comeAtTheRateInNoOrderWithPausesThatDiffer() {
    say(new DrainConfig(Duration.ZERO, 500, Duration.ofSeconds(10)), THOUSAND);
    assertEquals(THOUSAND.size(), said.size());
    assertEquals(new HashSet<>(THOUSAND), new HashSet<>(said));
    assertNotEquals(THOUSAND, said);
    double seconds = paused() / 1e9;
    assertTrue(seconds > 1.7 && seconds < 2.3, "1,000 at 500 a second take about 2 s: " + seconds);
    assertTrue(new HashSet<>(pauses).size() > pauses.size() / 2, pauses::toString);
  }

  @Test
  void comeFasterWhereTheyWouldTakeTooLong() {
    Duration most = Duration.ofSeconds(1);
    say(new DrainConfig(Duration.ZERO, 10, most), THOUSAND);
    assertEquals(THOUSAND.size(), said.size());
    assertTrue(paused() <= most.toNanos(), "" + paused());
    assertTrue(paused() > most.toNanos() / 2, "" + paused());
  }

  @Test
  void waitForTheNoticeWhereThereIsOne() {
    say(new DrainConfig(Duration.ofSeconds(7), 10, Duration.ofSeconds(1)), List.of(1));
    assertEquals(List.of(Duration.ofSeconds(7)), notices);
    assertEquals(List.of(), pauses);
    assertEquals(List.of(1), said);
    notices.clear();
    said.clear();
    say(new DrainConfig(Duration.ZERO, 1, Duration.ZERO), THOUSAND);
    assertEquals(List.of(), notices);
    assertEquals(0, paused());
    assertEquals(THOUSAND.size(), said.size());
  }
}
