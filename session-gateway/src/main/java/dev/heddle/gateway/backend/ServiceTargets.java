package dev.heddle.gateway.backend;

import dev.heddle.process.DataSize;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Locale;

/**
 * HTTP services that apps may name as targets.
 *
 * @param allowed their origins, as in {@code http://127.0.0.1:9000}; empty: none. A gateway reaches
 *     addresses that its clients do not, so that whoever may deploy an app must not choose freely.
 * @param timeout for a call, with its answer
 * @param reply bytes of an answer; more: the call has failed
 */
public record ServiceTargets(List<String> allowed, Duration timeout, DataSize reply) {
  public ServiceTargets {
    allowed = List.copyOf(allowed);
    for (String origin : allowed) {
      if (!origin.matches("https?://[^/*\\s@]+")) {
        throw new IllegalArgumentException(
            "allowed: " + origin + " (expected: an origin, as in http://127.0.0.1:9000)");
      }
    }
    if (!timeout.isPositive() || timeout.compareTo(Duration.ofMinutes(15)) > 0) {
      throw new IllegalArgumentException(
          "timeout: " + timeout + " (expected: more than 0, at most 15m)");
    }
    if (reply.bytes() < 1_024 || reply.bytes() > 64 << 20) {
      throw new IllegalArgumentException("reply: " + reply + " (expected: 1KiB..64MiB)");
    }
  }

  /** The documented defaults. */
  public static ServiceTargets defaults() {
    return new ServiceTargets(List.of(), Duration.ofSeconds(29), DataSize.parse("1MiB"));
  }

  /** Whether apps may name this URL. */
  public boolean allows(URI uri) {
    String origin = (uri.getScheme() + "://" + uri.getRawAuthority()).toLowerCase(Locale.ROOT);
    return allowed.stream().anyMatch(each -> each.toLowerCase(Locale.ROOT).equals(origin));
  }
}
