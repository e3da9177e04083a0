package dev.heddle.gateway.session;

import dev.heddle.catalog.CatalogClient;
import dev.heddle.catalog.PositionToken;
import dev.heddle.process.HeddleException;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Clock;
import java.time.Duration;
import java.util.Arrays;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Position tokens of requests and of cookie sessions. A session's token is in the grid, so that all
 * gateways know it; it is raised by every reply that the session's user gets, unless a late reply
 * said the same, and read only where a read asks for it. A request without a session never meets
 * the grid. Blocking; thread-safe.
 */
public final class SessionPositions {
  private static final Logger log = LoggerFactory.getLogger(SessionPositions.class);
  private static final int MAX_REMEMBERED = 100_000;

  /** A user goes to and fro between a few datasets. */
  private static final int REMEMBERED_TOKENS = 4;

  private final SessionStore store;
  private final CatalogClient catalog;
  private final Clock clock;
  private final ConcurrentHashMap<String, Raised> raised = new ConcurrentHashMap<>();
  private final Counter notKept;

  /** The tokens that the grid has got from here, as hashes, the newest first; never changed. */
  private record Raised(long atMillis, long[] hashes) {}

  public SessionPositions(
      SessionStore store, CatalogClient catalog, Clock clock, MeterRegistry meters) {
    this.store = store;
    this.catalog = catalog;
    this.clock = clock;
    this.notKept = meters.counter("heddle.gateway.session.positions.lost");
  }

  /**
   * Those of a request.
   *
   * @param dataset that it is about; empty: none
   * @param token that it brought; null: none
   * @param cookie its session cookie's value; null: it has none
   * @throws HeddleException INVALID_REQUEST for a token that is none
   */
  public UserPositions of(
      String tenant, String dataset, @Nullable String token, @Nullable String cookie) {
    PositionToken brought = token == null ? PositionToken.EMPTY : PositionToken.parse(token);
    if (cookie == null) {
      return brought.isEmpty()
          ? UserPositions.none()
          : new UserPositions(this, tenant, dataset, Optional.empty(), brought);
    }
    return new UserPositions(this, tenant, dataset, store.find(tenant, cookie), brought);
  }

  /**
   * Those of a request of a visitor.
   *
   * @param token that it brought; null: none
   * @throws HeddleException INVALID_REQUEST for a token that is none
   */
  public UserPositions ofVisit(String tenant, @Nullable String token, SessionStore.Visit visit) {
    PositionToken brought = token == null ? PositionToken.EMPTY : PositionToken.parse(token);
    boolean known = visit.known();
    return !known && brought.isEmpty()
        ? UserPositions.none()
        : new UserPositions(
            this, tenant, "", known ? Optional.of(visit.session()) : Optional.empty(), brought);
  }

  /** Those of a message over a connection of a session. */
  public UserPositions ofSession(String tenant, String dataset, String session) {
    return new UserPositions(this, tenant, dataset, Optional.of(session), PositionToken.EMPTY);
  }

  PositionToken get(String tenant, String session) {
    return store.positions(tenant, session);
  }

  /**
   * Raises the session's token. A grid that does not answer fails no request whose work is done:
   * the reply carries the token, and says that the session lacks it.
   *
   * @return whether the session has it
   */
  boolean raise(String tenant, String session, String token) {
    String key = tenant + "/" + session;
    long hash = hash(token);
    long now = clock.millis();
    Raised before = raised.get(key);
    if (before != null && fresh(before, now) && contains(before.hashes(), hash)) {
      return true;
    }
    try {
      store.changePositions(tenant, session, PositionToken.parse(token), false);
      remember(key, hash, now);
      return true;
    } catch (HeddleException e) {
      notKept.increment();
      log.warn("session positions not kept tenant={} error={}", tenant, e.toString());
      return false;
    }
  }

  /** Now and then the grid is told again: it holds in memory what its members could lose. */
  private boolean fresh(Raised before, long now) {
    return Duration.ofMillis(Math.abs(now - before.atMillis())).compareTo(store.touchInterval())
        < 0;
  }

  private void remember(String key, long hash, long now) {
    if (raised.size() >= MAX_REMEMBERED) {
      raised.clear();
    }
    raised.compute(
        key,
        (same, before) -> {
          if (before == null || !fresh(before, now)) {
            return new Raised(now, new long[] {hash});
          }
          int more = Math.min(before.hashes().length, REMEMBERED_TOKENS - 1);
          long[] hashes = new long[more + 1];
          hashes[0] = hash;
          System.arraycopy(before.hashes(), 0, hashes, 1, more);
          return new Raised(before.atMillis(), hashes);
        });
  }

  /** Takes positions out of the session's token that the catalog has lost. */
  void forget(String tenant, String session, PositionToken lost) {
    try {
      store.changePositions(tenant, session, lost, true);
    } catch (HeddleException e) {
      // The caller is about to hear of the lost positions; it will hear of them again.
      log.warn("session positions not taken out tenant={} error={}", tenant, e.toString());
    } finally {
      raised.remove(tenant + "/" + session);
    }
  }

  /** Whether the catalog, as it is seen here, has lost positions of the dataset. */
  boolean lost(String tenant, String dataset, PositionToken token) {
    if (token.isEmpty()) {
      return false;
    }
    var record = catalog.view().dataset(tenant, dataset);
    if (record.isEmpty()) {
      return !token.about(tenant, dataset).isEmpty();
    }
    try {
      token.of(record.get());
      return false;
    } catch (HeddleException e) {
      return true;
    }
  }

  private static boolean contains(long[] hashes, long hash) {
    return Arrays.stream(hashes).anyMatch(each -> each == hash);
  }

  private static long hash(String token) {
    try {
      byte[] digest =
          MessageDigest.getInstance("SHA-256").digest(token.getBytes(StandardCharsets.US_ASCII));
      return java.nio.ByteBuffer.wrap(digest).getLong();
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("the platform lacks SHA-256", e);
    }
  }
}
