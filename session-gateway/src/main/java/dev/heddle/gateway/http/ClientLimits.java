package dev.heddle.gateway.http;

import dev.heddle.process.DataSize;
import java.util.List;

/**
 * What one client may take of a gateway. A client is an address (of IPv6: the /64 that it is of);
 * those of loopback are this machine's own, and not counted, unless a trusted proxy names them.
 *
 * @param sockets TCP connections at once; more are closed as they come
 * @param connections WebSockets, streams and polls at once; more: 429
 * @param userConnections those of one user at once, where the app asks who that is; more: 429
 * @param attempts new WebSockets, streams and polls a second; more: 429
 * @param frames messages a second of one connection, in bursts of a second's; more: close 1008, 429
 * @param bytes of these messages a second; more: close 1008, 429
 * @param trustedProxies addresses or blocks of proxies that say whom they serve
 * @param forwarded the header in which they say it
 */
public record ClientLimits(
    int sockets,
    int connections,
    int userConnections,
    int attempts,
    int frames,
    DataSize bytes,
    List<String> trustedProxies,
    ForwardedHeader forwarded) {
  private static final int MOST = 10_000_000;
  private static final int MOST_PROXIES = 100;

  public ClientLimits {
    trustedProxies = List.copyOf(trustedProxies);
    check("sockets", sockets, MOST);
    check("connections", connections, MOST);
    check("user-connections", userConnections, MOST);
    check("attempts", attempts, MOST);
    check("frames", frames, MOST);
    check("bytes", bytes.bytes(), 1L << 40);
    if (trustedProxies.size() > MOST_PROXIES) {
      throw new IllegalArgumentException(
          "trusted-proxies: "
              + trustedProxies.size()
              + " (expected: at most "
              + MOST_PROXIES
              + ")");
    }
    for (String proxy : trustedProxies) {
      try {
        var _ = AddressBlock.parse(proxy);
      } catch (IllegalArgumentException e) {
        throw new IllegalArgumentException("trusted-proxies: " + e.getMessage(), e);
      }
    }
  }

  /** The documented defaults. */
  public static ClientLimits defaults() {
    return new ClientLimits(
        2_000,
        1_000,
        100,
        200,
        5_000,
        DataSize.parse("16MiB"),
        List.of(),
        ForwardedHeader.X_FORWARDED_FOR);
  }

  private static void check(String name, long value, long most) {
    if (value < 1 || value > most) {
      throw new IllegalArgumentException(name + ": " + value + " (expected: 1.." + most + ")");
    }
  }
}
