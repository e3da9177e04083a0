package dev.heddle.gateway.connection;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.function.Consumer;
import java.util.function.LongConsumer;
import java.util.random.RandomGenerator;

/**
 * Says goodbye to many, some at a time: in no order, with pauses of random length between them, at
 * a rate. Owned by one thread.
 */
final class Goodbyes {
  /** Between some and the next ones, on average. */
  private static final Duration PAUSE = Duration.ofMillis(20);

  private final DrainConfig config;
  private final Consumer<Duration> notice;
  private final LongConsumer pause;
  private final RandomGenerator random;

  /**
   * Goodbyes at a config's rate.
   *
   * @param notice waits for this time
   * @param pause waits for so many nanoseconds
   */
  Goodbyes(
      DrainConfig config, Consumer<Duration> notice, LongConsumer pause, RandomGenerator random) {
    this.config = config;
    this.notice = notice;
    this.pause = pause;
    this.random = random;
  }

  /** Waits for the notice, whoever is there: it is for who sends clients here. */
  void notice() {
    if (config.notice().isPositive()) {
      notice.accept(config.notice());
    }
  }

  /** Says goodbye to all. */
  <T> void say(Collection<T> all, Consumer<T> goodbye) {
    List<T> order = new ArrayList<>(all);
    Collections.shuffle(order, Random.from(random));
    long most = config.most().toNanos();
    double nanos = Math.min((double) most, 1e9 * order.size() / config.rate());
    int turns = (int) Math.max(1, Math.min(order.size(), nanos / PAUSE.toNanos()));
    long paused = 0;
    for (int turn = 0; turn < turns; turn++) {
      int from = part(order.size(), turn, turns);
      order.subList(from, part(order.size(), turn + 1, turns)).forEach(goodbye);
      if (turn + 1 < turns) {
        // Half of the mean up to one and a half of it.
        long next = (long) (nanos / turns * (0.5 + random.nextDouble()));
        next = Math.min(next, most - paused);
        paused += next;
        pause.accept(next);
      }
    }
  }

  private static int part(int size, int turn, int turns) {
    return (int) ((long) size * turn / turns);
  }
}
