package dev.heddle.loadtest.http;

import dev.heddle.process.DataSize;
import java.time.Duration;

/**
 * What a connection bears.
 *
 * @param timeout to connect, and for each wait for bytes
 * @param head most bytes of a reply's head, and of its trailers
 * @param body most bytes of a reply's body, up to 1 GiB
 */
public record HttpLimits(Duration timeout, DataSize head, DataSize body) {
  public static final HttpLimits DEFAULTS =
      new HttpLimits(Duration.ofMinutes(1), DataSize.ofKiB(64), DataSize.ofMiB(64));

  public HttpLimits {
    if (body.compareTo(DataSize.ofGiB(1)) > 0) {
      throw new IllegalArgumentException("body: " + body + " (expected: at most 1GiB)");
    }
  }

  public HttpLimits withTimeout(Duration other) {
    return new HttpLimits(other, head, body);
  }

  int timeoutMillis() {
    // 0 would mean for ever.
    return Math.clamp(timeout.toMillis(), 1, Integer.MAX_VALUE);
  }
}
