package dev.heddle.gateway.connection;

import java.time.Duration;

/**
 * How a gateway that stops sends its clients to the others.
 *
 * @param notice between the moment when {@code /readyz} says that it stops and the first goodbye:
 *     what a load balancer needs to see it
 * @param rate goodbyes a second, so that not all clients come back elsewhere at once
 * @param most time for all goodbyes; where there are more clients than {@code rate} allows in it,
 *     they come faster
 */
public record DrainConfig(Duration notice, int rate, Duration most) {
  private static final Duration LONGEST = Duration.ofMinutes(10);

  public DrainConfig {
    check("notice", notice);
    check("most", most);
    if (rate < 1 || rate > 1_000_000) {
      throw new IllegalArgumentException("rate: " + rate + " (expected: 1..1000000)");
    }
  }

  private static void check(String name, Duration value) {
    if (value.isNegative() || value.compareTo(LONGEST) > 0) {
      throw new IllegalArgumentException(name + ": " + value + " (expected: 0s..10m)");
    }
  }

  /** The documented defaults. */
  public static DrainConfig defaults() {
    return new DrainConfig(Duration.ZERO, 2_000, Duration.ofSeconds(3));
  }
}
