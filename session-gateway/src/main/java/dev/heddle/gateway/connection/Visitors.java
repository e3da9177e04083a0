package dev.heddle.gateway.connection;

import dev.heddle.gateway.http.ClientLimits;
import dev.heddle.gateway.http.Exchange;
import dev.heddle.gateway.http.Rates;
import dev.heddle.gateway.session.ConnectionKey;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.Ticker;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * What each client address and user has of this gateway. Counts are as many as there are open
 * connections; rates are remembered of the last that came. Thread-safe.
 */
final class Visitors {
  private static final int REMEMBERED = 16_384;

  private final ClientLimits limits;
  private final Rates attempts;
  private final Rates frames;
  private final Rates bytes;
  private final ConcurrentHashMap<String, Integer> byAddress = new ConcurrentHashMap<>();
  private final ConcurrentHashMap<String, Integer> byUser = new ConcurrentHashMap<>();

  Visitors(ClientLimits limits, Ticker ticker) {
    this.limits = limits;
    this.attempts = new Rates(REMEMBERED, limits.attempts(), ticker);
    this.frames = new Rates(REMEMBERED, limits.frames(), ticker);
    this.bytes = new Rates(REMEMBERED, limits.bytes().bytes(), ticker);
  }

  /** A connection that counts for its address, and its user if that is known. Closed once. */
  final class Visit implements AutoCloseable {
    private final @Nullable String address;

    /** Guarded by the monitor, as what follows; null: not known, or of nobody in particular. */
    private @Nullable String user;

    private boolean left;

    /**
     * Of a client.
     *
     * @param address null: of nobody in particular
     */
    Visit(@Nullable String address) {
      this.address = address;
    }

    /**
     * Counts it for a user, too; before it is closed.
     *
     * @throws HeddleException LIMIT_REACHED if that user has enough
     */
    synchronized void of(String tenant, Optional<String> principal) {
      if (principal.isPresent()) {
        String key = tenant + "/" + principal.get();
        enter(byUser, key, limits.userConnections(), "connections: of this user");
        user = key;
      }
    }

    @Override
    public synchronized void close() {
      if (!left) {
        left = true;
        leave(byAddress, address);
        leave(byUser, user);
      }
    }
  }

  /**
   * Lets a connection of the request's client in.
   *
   * @param anew whether it is more than a further poll of a connection that is known
   * @throws HeddleException LIMIT_REACHED if the client's address has enough, or comes too often
   */
  Visit enter(Exchange exchange, boolean anew) {
    Optional<String> client = exchange.clientBlock();
    if (client.isEmpty()) {
      return new Visit(null);
    }
    String address = client.get();
    if (anew) {
      String what = "connections: more than " + limits.attempts() + " a second of this address";
      refuse(attempts.take(address, 1), what);
    }
    enter(byAddress, address, limits.connections(), "connections: of this address");
    return new Visit(address);
  }

  /**
   * Counts a frame that came by itself.
   *
   * @throws HeddleException LIMIT_REACHED if they come too fast
   */
  void frame(ConnectionKey key, int length) {
    String name = key.tenant() + "/" + key.id();
    refuse(frames.take(name, 1), "frames: more than " + limits.frames() + " a second");
    refuse(bytes.take(name, length), "frames: more than " + limits.bytes() + " a second");
  }

  private static void refuse(long waitNanos, String what) {
    if (waitNanos > 0) {
      throw new HeddleException(ErrorCode.LIMIT_REACHED, what + " (expected: fewer)")
          .withRetryAfter(Duration.ofNanos(waitNanos));
    }
  }

  private static void enter(
      ConcurrentHashMap<String, Integer> counts, String key, int most, String what) {
    if (counts.merge(key, 1, Integer::sum) > most) {
      leave(counts, key);
      throw new HeddleException(
          ErrorCode.LIMIT_REACHED, what + ", " + most + " are open (expected: fewer)");
    }
  }

  private static void leave(ConcurrentHashMap<String, Integer> counts, @Nullable String key) {
    if (key != null) {
      counts.computeIfPresent(key, (any, count) -> count == 1 ? null : count - 1);
    }
  }

  /** Addresses and users that have connections. */
  int known() {
    return byAddress.size() + byUser.size();
  }
}
