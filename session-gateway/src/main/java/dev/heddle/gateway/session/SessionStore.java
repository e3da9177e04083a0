package dev.heddle.gateway.session;

import com.hazelcast.core.HazelcastException;
import com.hazelcast.map.IMap;
import dev.heddle.catalog.PositionToken;
import dev.heddle.gateway.session.ChangeSession.Outcome;
import dev.heddle.gateway.session.ChangeSession.Step;
import dev.heddle.gateway.session.Sightings.Seen;
import dev.heddle.gateway.session.TouchSession.Life;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.HostPort;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sessions of all tenants. An id costs nothing until its first attribute or position is written:
 * only then does the grid hold an entry, and only an id older than the idle timeout is looked up to
 * see whether its session still lives. Blocking; thread-safe.
 */
public final class SessionStore implements AutoCloseable {
  /** The cookie's name. */
  public static final String COOKIE = "heddle_session";

  /** Takes the cookie away. */
  public static final String NO_COOKIE = COOKIE + "=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0";

  private static final Logger log = LoggerFactory.getLogger(SessionStore.class);
  private static final int MAX_ATTEMPTS = 1_000;

  /** For so long who still shows the id from before a renewal gets no other cookie. */
  static final Duration RENEWAL = Duration.ofSeconds(30);

  /** Questions that nobody need wait for: while a member hangs, they stay open after that. */
  private static final int MAX_ASKS = 1_000;

  /** Clocks of gateways differ at most so much. */
  private static final Duration SKEW = Duration.ofMinutes(1);

  /** A session in use is touched this often in an idle timeout, so that it ends a little late. */
  static final int TOUCHES = 32;

  private final SessionConfig config;
  private final SessionCookie cookie;
  private final AttributeCipher cipher;
  private final StoredGrid stored;
  private final SessionGrid grid;
  private final IMap<String, SessionEntry> sessions;
  private final Clock clock;
  private final Sightings sightings = new Sightings();
  private final Semaphore asks = new Semaphore(MAX_ASKS);
  private final KeyRing ring;
  private final Timer reads;
  private final Timer changes;

  /** Starts this node's member of the grid. */
  public SessionStore(
      String node, SessionConfig config, GridConfig gridConfig, Clock clock, MeterRegistry meters) {
    this(node, config, gridConfig, JournalDisk.real(), clock, meters);
  }

  SessionStore(
      String node,
      SessionConfig config,
      GridConfig gridConfig,
      JournalDisk disk,
      Clock clock,
      MeterRegistry meters) {
    this.config = config;
    this.ring = ring(config, gridConfig);
    this.cookie = new SessionCookie(ring);
    this.cipher = new AttributeCipher(ring);
    this.clock = clock;
    var started =
        StoredGrid.start(node, ring.gridName(), gridConfig, config, cipher, disk, clock, meters);
    this.stored = started;
    this.grid = started.grid();
    this.sessions = grid.sessions();
    this.reads = meters.timer("heddle.gateway.session.operation", "operation", "get");
    this.changes = meters.timer("heddle.gateway.session.operation", "operation", "change");
    meters.gauge("heddle.gateway.grid.members", grid, SessionGrid::members);
  }

  private static KeyRing ring(SessionConfig config, GridConfig gridConfig) {
    if (config.keys().isPresent()) {
      return KeyRing.read(config.keys().get());
    }
    if (!gridConfig.others().isEmpty() || config.store().isPresent()) {
      throw new HeddleException(
          ErrorCode.INVALID_REQUEST,
          "session.keys: none (expected: a key ring file, the same on all gateway nodes, which"
              + " outlives them where session.store is set)");
    }
    log.warn("session keys are made for this process only: sessions end with it");
    return KeyRing.ephemeral();
  }

  /**
   * Who visits.
   *
   * @param session id of the visitor's session
   * @param known whether the visitor has shown its cookie
   * @param setCookie value for a Set-Cookie header, where the session is new and the visitor's to
   *     keep
   */
  public record Visit(String session, boolean known, Optional<String> setCookie) {
    /** Whether the visitor has shown the cookie from before a renewal: it is to get the new one. */
    public boolean late() {
      return !known && setCookie.isEmpty();
    }
  }

  /**
   * The session of a cookie's value; a new one without cookie, or if it is forged or has ended. Who
   * shows a cookie that was renewed a moment ago has sent its request before it got the new one, or
   * has yet to get it: it is a stranger, who must not get a third.
   */
  public Visit visit(String tenant, @Nullable String cookieValue) {
    Optional<String> shown =
        cookieValue == null ? Optional.empty() : cookie.verify(tenant, cookieValue);
    if (shown.isEmpty()) {
      return fresh(tenant);
    }
    return switch (life(tenant, shown.get())) {
      case LIVES -> new Visit(shown.get(), true, Optional.empty());
      case RENEWED -> stranger();
      case ABSENT, ENDED -> fresh(tenant);
    };
  }

  /** Somebody who is to keep the cookie that another answer brings. */
  Visit stranger() {
    return new Visit(cookie.newId(clock.instant()), false, Optional.empty());
  }

  /** A new session. */
  Visit fresh(String tenant) {
    String id = cookie.newId(clock.instant());
    String header =
        COOKIE
            + "="
            + cookie.value(tenant, id)
            + "; Path=/; HttpOnly; SameSite=Lax; Max-Age="
            + config.maxAge().toSeconds()
            + (config.secureCookie() ? "; Secure" : "");
    return new Visit(id, false, Optional.of(header));
  }

  /** The session of a cookie's value; empty without cookie, or if it is forged or has ended. */
  public Optional<String> find(String tenant, @Nullable String cookieValue) {
    return cookieValue == null
        ? Optional.empty()
        : cookie.verify(tenant, cookieValue).filter(id -> life(tenant, id) == Life.LIVES);
  }

  /** What is to be thought of a session whose cookie is shown: a young one needs no entry. */
  private Life life(String tenant, String id) {
    Instant created = SessionCookie.created(id).orElse(Instant.EPOCH);
    Duration age = Duration.between(created, clock.instant());
    if (age.compareTo(config.maxAge()) >= 0) {
      return Life.ENDED;
    }
    boolean young = age.compareTo(config.idleTimeout()) < 0;
    Seen last = seenLately(tenant, id);
    if (last != null && (young || last.lived())) {
      return Life.LIVES;
    }
    Life life = young ? asked(tenant, id) : touched(tenant, id);
    return life == Life.ABSENT && young ? Life.LIVES : life;
  }

  /** What was heard of a session less than a touch interval ago; null: nothing. */
  private @Nullable Seen seenLately(String tenant, String session) {
    Seen last = sightings.of(key(tenant, session));
    boolean lately =
        last != null && Math.abs(clock.millis() - last.atMillis()) < touchInterval().toMillis();
    return lately ? last : null;
  }

  /**
   * As {@link #touched}, of a session that need not be in the grid: where that does not answer
   * soon, nothing is known of it.
   */
  private Life asked(String tenant, String session) {
    String key = key(tenant, session);
    long now = clock.millis();
    long before = sightings.forgotten();
    if (!asks.tryAcquire()) {
      return Life.ABSENT;
    }
    try {
      Life life =
          Life.of(submitted(key, now).get(config.patience().toNanos(), TimeUnit.NANOSECONDS));
      if (life == Life.LIVES || life == Life.ABSENT) {
        sightings.remember(key, new Seen(now, life == Life.LIVES), before);
      }
      return life;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new HeddleException(ErrorCode.CANCELLED, "interrupted", e);
    } catch (ExecutionException | TimeoutException | HazelcastException | IllegalStateException e) {
      log.debug("session not looked up error={}", e.toString());
      return Life.ABSENT;
    }
  }

  /** A question that has its place among those that are open. */
  private CompletableFuture<Integer> submitted(String key, long now) {
    boolean open = false;
    try {
      CompletableFuture<Integer> answer =
          sessions
              .<Integer>submitToKey(key, new TouchSession(now, config, false))
              .toCompletableFuture();
      open = true;
      return answer.whenComplete((_, _) -> asks.release());
    } finally {
      if (!open) {
        asks.release();
      }
    }
  }

  /**
   * Whether somebody has ended a session. One of which was heard a moment ago is not looked up, and
   * neither does a grid that does not answer soon say so.
   */
  public boolean ended(String tenant, String session) {
    if (seenLately(tenant, session) != null) {
      return false;
    }
    return switch (asked(tenant, session)) {
      case ENDED, RENEWED -> true;
      case LIVES, ABSENT -> false;
    };
  }

  /** Whether the grid had something of a session when this node last heard of it. */
  boolean lived(String tenant, String session) {
    Seen last = sightings.of(key(tenant, session));
    return last != null && last.lived();
  }

  /** How often a session in use is worth a {@link #touch}. */
  public Duration touchInterval() {
    return config.idleTimeout().dividedBy(TOUCHES);
  }

  /** Restarts the session's idle time; false: the grid holds nothing of it. */
  public boolean touch(String tenant, String session) {
    return touched(tenant, session) == Life.LIVES;
  }

  private Life touched(String tenant, String session) {
    String key = key(tenant, session);
    long now = clock.millis();
    long before = sightings.forgotten();
    var touch = new TouchSession(now, config, false);
    Life life = Life.of(inGrid(() -> sessions.executeOnKey(key, touch)));
    if (life == Life.LIVES) {
      sightings.remember(key, new Seen(now, true), before);
    }
    return life;
  }

  /**
   * As {@link #touch}, for a session that was there a moment ago; nobody waits for it.
   *
   * @param before how many had been forgotten when it was read
   */
  private void touchLater(String tenant, String session, long before) {
    String key = key(tenant, session);
    long now = clock.millis();
    sightings.remember(key, new Seen(now, true), before);
    var _ =
        sessions
            .submitToKey(key, new TouchSession(now, config, false))
            .exceptionally(failure -> {
              log.debug("session not touched error={}", failure.toString());
              return 0;
            });
  }

  /**
   * JSON by attribute name.
   *
   * @param names which attributes; empty: all
   */
  public Map<String, String> get(String tenant, String session, Collection<String> names) {
    check(session);
    return reads.record(() -> {
      long before = sightings.forgotten();
      SessionEntry entry = read(tenant, session);
      var values = new TreeMap<String, String>();
      // Of an ended one there is nothing left, and reading it is no use.
      if (entry != null && !entry.ended()) {
        if (clock.millis() - entry.touchedMillis() >= touchInterval().toMillis()) {
          touchLater(tenant, session, before);
        }
        entry
            .sealed()
            .forEach((name, stored) -> {
              if (names.isEmpty() || names.contains(name)) {
                values.put(name, open(tenant, session, name, stored));
              }
            });
      }
      return values;
    });
  }

  /**
   * One attribute's change.
   *
   * @param value JSON; null: remove
   * @param expected the change holds only if the attribute still has this JSON value; empty string:
   *     only if it is absent; null: in any case
   */
  public record Change(String name, @Nullable String value, @Nullable String expected) {}

  /**
   * Changes attributes, all or none.
   *
   * @return false: an expected value did not hold, nothing changed
   * @throws HeddleException INVALID_REQUEST or LIMIT_REACHED beyond a limit, GONE past the
   *     session's maximal age
   */
  public boolean change(String tenant, String session, List<Change> steps) {
    check(session);
    checkSteps(steps);
    return changes.record(() -> apply(tenant, session, steps));
  }

  private boolean apply(String tenant, String session, List<Change> changes) {
    long created = SessionCookie.created(session).orElseThrow().toEpochMilli();
    boolean conditional = changes.stream().anyMatch(change -> change.expected() != null);
    for (int attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      // The expected plain value is compared here, and the ciphertext that held it there: its
      // stamp is of one write only, so what was read cannot have come back in between.
      SessionEntry seen = conditional ? read(tenant, session) : null;
      var steps = new ArrayList<Step>(changes.size());
      for (Change change : changes) {
        byte[] expected = null;
        if (change.expected() != null) {
          byte[] sealed = seen == null ? null : seen.sealed().get(change.name());
          if (!holds(tenant, session, change.name(), change.expected(), sealed)) {
            return false;
          }
          expected = sealed == null ? new byte[0] : AttributeCipher.stamp(sealed);
        }
        steps.add(new Step(change.name(), sealed(tenant, session, change), expected));
      }
      var processor = new ChangeSession(steps, created, clock.millis(), config);
      Outcome outcome =
          Outcome.of(inGrid(() -> sessions.executeOnKey(key(tenant, session), processor)));
      if (outcome != Outcome.CONFLICT) {
        return applied(outcome);
      }
    }
    throw new HeddleException(
        ErrorCode.OVERLOADED,
        "session attributes: changed by others " + MAX_ATTEMPTS + " times in a row");
  }

  private boolean applied(Outcome outcome) {
    return switch (outcome) {
      case APPLIED -> true;
      case CONFLICT -> false;
      case TOO_MANY_ATTRIBUTES ->
          throw new HeddleException(
              ErrorCode.LIMIT_REACHED,
              "session attributes: too many (expected: at most " + config.maxAttributes() + ")");
      case TOO_MANY_BYTES ->
          throw new HeddleException(
              ErrorCode.LIMIT_REACHED,
              "session attributes: too large together (expected: at most "
                  + config.maxTotal()
                  + ")");
      case EXPIRED ->
          throw new HeddleException(
              ErrorCode.GONE,
              "session: past its maximal age (expected: at most " + config.maxAge() + ")");
      case ENDED ->
          throw new HeddleException(
              ErrorCode.GONE, "session: was ended (expected: one that lives)");
    };
  }

  private byte @Nullable [] sealed(String tenant, String session, Change change) {
    return change.value() == null
        ? null
        : cipher.seal(
            tenant, session, change.name(), change.value().getBytes(StandardCharsets.UTF_8));
  }

  private boolean holds(
      String tenant, String session, String name, String expected, byte @Nullable [] sealed) {
    if (sealed == null || expected.isEmpty()) {
      return sealed == null && expected.isEmpty();
    }
    String value = open(tenant, session, name, sealed);
    return value.equals(expected)
        || AttributeJson.read(name, value).equals(AttributeJson.read(name, expected));
  }

  String open(String tenant, String session, String name, byte[] sealed) {
    return new String(cipher.open(tenant, session, name, sealed), StandardCharsets.UTF_8);
  }

  private @Nullable SessionEntry read(String tenant, String session) {
    return inGrid(() -> sessions.get(key(tenant, session)));
  }

  /**
   * What the session's user has written and seen, over all gateways.
   *
   * @throws HeddleException UNAVAILABLE if the grid does not answer
   */
  PositionToken positions(String tenant, String session) {
    return reads.record(() -> {
      SessionEntry entry = read(tenant, session);
      byte[] kept = entry == null ? null : entry.positions();
      return kept == null ? PositionToken.EMPTY : opened(tenant, session, kept);
    });
  }

  PositionToken opened(String tenant, String session, byte[] positions) {
    return ChangePositions.open(cipher, tenant, session, positions);
  }

  /**
   * Merges a token into the session's; a session past its maximal age keeps none.
   *
   * @param takeOut whether to take the token's positions out instead
   * @throws HeddleException UNAVAILABLE if the grid does not answer
   */
  void changePositions(String tenant, String session, PositionToken token, boolean takeOut) {
    changes.record(() -> {
      long created = SessionCookie.created(session).orElseThrow().toEpochMilli();
      byte[] sealed = ChangePositions.seal(cipher, tenant, session, token);
      var place = new ChangePositions.Place(tenant, session, created);
      var change = new ChangePositions(place, sealed, takeOut, clock.millis(), config);
      int outcome = inGrid(() -> sessions.executeOnKey(key(tenant, session), change));
      if (ChangePositions.Outcome.of(outcome) == ChangePositions.Outcome.UNREADABLE) {
        throw new HeddleException(
            ErrorCode.INTERNAL, "session positions: their owner lacks this node's newest key");
      }
    });
  }

  private void checkSteps(List<Change> steps) {
    if (steps.size() > config.maxAttributes()) {
      throw new HeddleException(
          ErrorCode.LIMIT_REACHED,
          "changes: " + steps.size() + " (expected: at most " + config.maxAttributes() + ")");
    }
    var names = new HashSet<String>();
    for (Change change : steps) {
      String name = change.name();
      if (name.isEmpty() || name.length() > config.maxNameLength()) {
        throw new HeddleException(
            ErrorCode.INVALID_REQUEST,
            "attribute name: "
                + name.length()
                + " characters (expected: 1.."
                + config.maxNameLength()
                + ")");
      }
      if (!names.add(name)) {
        throw new HeddleException(
            ErrorCode.INVALID_REQUEST, "attribute " + name + ": changed twice (expected: once)");
      }
      String value = change.value();
      if (value != null) {
        long bytes = value.getBytes(StandardCharsets.UTF_8).length;
        if (bytes > config.maxValue().bytes()) {
          throw new HeddleException(
              ErrorCode.TOO_LARGE,
              "attribute "
                  + name
                  + ": "
                  + bytes
                  + " bytes (expected: at most "
                  + config.maxValue()
                  + ")");
        }
        var _ = AttributeJson.read(name, value);
      }
    }
  }

  /** Refuses what is no id; nobody has made one that is of the time to come. */
  void check(String session) {
    Instant latest = clock.instant().plus(SKEW);
    if (SessionCookie.created(session).filter(made -> !made.isAfter(latest)).isEmpty()) {
      throw new HeddleException(
          ErrorCode.INVALID_REQUEST, "session: " + session + " (expected: a session id)");
    }
  }

  static String key(String tenant, String session) {
    return tenant + "/" + session;
  }

  /**
   * Ends, renewals and lists of sessions.
   *
   * @param window how long connections survive their sockets
   */
  public SessionRecords records(Duration window) {
    return new SessionRecords(this, sessions, config, window, clock);
  }

  /** What was known of a session's life holds no more. */
  void forget(String tenant, String session) {
    sightings.forget(key(tenant, session));
  }

  /** The resumable connections of all gateways, in the same grid. */
  public ConnectionTable connections() {
    return new ConnectionTable(grid, cipher);
  }

  /** The channels of all gateways, in the same grid. */
  public ChannelTable channels() {
    return new ChannelTable(grid, cipher);
  }

  /** Who is in channels, in the same grid. */
  public PresenceTable presence() {
    return new PresenceTable(grid, cipher);
  }

  /** What signs and verifies for one purpose, with keys of the ring. */
  public Signer signer(String purpose) {
    return new Signer(ring, purpose);
  }

  static <T> T inGrid(Supplier<T> operation) {
    try {
      return operation.get();
    } catch (HazelcastException | IllegalStateException e) {
      throw unavailable(e);
    }
  }

  static HeddleException unavailable(RuntimeException cause) {
    return new HeddleException(
        ErrorCode.UNAVAILABLE, "sessions: the grid does not answer: " + cause.getMessage(), cause);
  }

  /** What was set as the session's time to live at its last write or touch. */
  long millisToLive(String tenant, String session) {
    var entry = sessions.getEntryView(key(tenant, session));
    return entry == null ? 0 : entry.getTtl();
  }

  /** Where this node's member listens. */
  public HostPort gridAddress() {
    return grid.address();
  }

  @Override
  public void close() {
    stored.close();
  }
}
