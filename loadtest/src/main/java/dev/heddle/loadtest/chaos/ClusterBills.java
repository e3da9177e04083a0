package dev.heddle.loadtest.chaos;

import dev.heddle.loadtest.http.HttpConnection;
import dev.heddle.loadtest.http.HttpLimits;
import dev.heddle.loadtest.http.HttpRequest;
import dev.heddle.loadtest.measure.Billing;
import dev.heddle.process.HostPort;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What the clusters of this process have billed when they ended, as nodes say that are gateway and
 * coordinator. A node that was killed before took what it had billed with it. Safe for any thread.
 */
public final class ClusterBills {
  private static final Logger log = LoggerFactory.getLogger(ClusterBills.class);
  private static final HttpLimits LIMITS = HttpLimits.DEFAULTS.withTimeout(Duration.ofSeconds(5));
  private static final Object LOCK = new Object();

  /** Guarded by {@link #LOCK}. */
  private static Billing total = Billing.NONE;

  private ClusterBills() {}

  /** Of all clusters that have ended. */
  public static Billing total() {
    synchronized (LOCK) {
      return total;
    }
  }

  /**
   * What a gateway's own coordinator has billed since it began.
   *
   * @throws IOException if it does not answer
   */
  public static Billing of(HostPort http) throws IOException {
    try (var connection = HttpConnection.open(http, LIMITS)) {
      var request = HttpRequest.of("GET", "/metrics", http, Map.of(), new byte[0]);
      var reply = connection.exchange(request);
      return Billing.parse(new String(reply.body(), StandardCharsets.UTF_8));
    }
  }

  /** Takes what a node has billed that is about to end. */
  static void take(HostPort http) {
    try {
      var billed = of(http);
      synchronized (LOCK) {
        total = total.plus(billed);
      }
    } catch (IOException e) {
      log.debug("a node does not say what it has billed http={}", http, e);
    }
  }
}
