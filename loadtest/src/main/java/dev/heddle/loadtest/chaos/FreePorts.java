package dev.heddle.loadtest.chaos;

import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.HostPort;
import dev.heddle.process.testing.Ports;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Ports that nobody listens at, each given out once. They lie below those that the system gives to
 * clients, one of which could otherwise take the port of a node that is down. For one thread.
 */
public final class FreePorts {
  private static final int FIRST = 10_000;
  private static final int LAST = 32_000;
  private static final int ATTEMPTS = 1_000;

  private final Set<Integer> given = new HashSet<>();

  /** A port of the host; of another machine, or namespace, any port. */
  public HostPort next(String host) {
    for (int i = 0; i < ATTEMPTS; i++) {
      int port = ThreadLocalRandom.current().nextInt(FIRST, LAST);
      var address = new HostPort(host, port);
      if (!given.contains(port) && (!address.loopback() || Ports.isFree(port))) {
        given.add(port);
        return address;
      }
    }
    throw new HeddleException(
        ErrorCode.UNAVAILABLE, "ports: none free (expected: one in " + FIRST + ".." + LAST + ")");
  }
}
