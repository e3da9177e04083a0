package dev.heddle.gateway.session;

import com.hazelcast.map.IMap;
import dev.heddle.catalog.PositionToken;
import dev.heddle.gateway.session.SessionStore.Change;
import dev.heddle.gateway.session.SessionStore.Visit;
import dev.heddle.gateway.session.TouchSession.Life;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Ends, renewals and lists of cookie sessions. Blocking; thread-safe. */
public final class SessionRecords {
  /** The id of an ended session is refused at least for so long: that of the longest handler. */
  private static final Duration LEAST_MEMORY = Duration.ofHours(1);

  /** Ids are made in whole seconds, and times to live are kept so. */
  private static final Duration ROUNDING = Duration.ofMinutes(1);

  /** Sessions that one call to the grid asks for, or one part of a list. */
  private static final int BATCH = 1_000;

  /** How long a list waits for its turn. */
  private static final Duration LIST_WAIT = Duration.ofSeconds(1);

  private final Semaphore listing = new Semaphore(1);
  private final SessionStore store;
  private final IMap<String, SessionEntry> sessions;
  private final SessionConfig config;
  private final Duration memory;
  private final Clock clock;

  /**
   * Of a store.
   *
   * @param window how long connections survive their sockets
   */
  SessionRecords(
      SessionStore store,
      IMap<String, SessionEntry> sessions,
      SessionConfig config,
      Duration window,
      Clock clock) {
    this.store = store;
    this.sessions = sessions;
    this.config = config;
    this.memory =
        Stream.of(config.idleTimeout(), window, LEAST_MEMORY)
            .max(Comparator.naturalOrder())
            .get()
            .plus(ROUNDING);
    this.clock = clock;
  }

  /** A session's name. */
  public record SessionName(String tenant, String session) {}

  /**
   * What is kept of a session.
   *
   * @param used when it was last used, as exactly as that is kept
   * @param bytes of all names and values
   */
  public record Summary(
      String session, Instant created, Instant used, int attributes, long bytes) {}

  /** A session, and its attributes as JSON. */
  public record Whole(Summary summary, Map<String, String> attributes) {}

  /** What the grid says of sessions. */
  public enum State {
    /** It holds nothing: they had nothing to keep, or their time is over. */
    ABSENT,
    LIVES,
    /** Somebody has ended them, or their maximal age has. */
    ENDED
  }

  /**
   * Ends a session: its attributes are gone, and its cookie is refused.
   *
   * @return false: there was none, or it had ended; true for a young id that had nothing, as nobody
   *     keeps which of those were made
   * @throws HeddleException INVALID_REQUEST for what is no id, UNAVAILABLE if the grid does not
   *     answer
   */
  public boolean end(String tenant, String session) {
    Optional<SessionEntry> before = ended(tenant, session, false);
    return before.map(entry -> !entry.ended()).orElseGet(() -> young(session));
  }

  /** What the session was; empty: nothing. */
  private Optional<SessionEntry> ended(String tenant, String session, boolean renewed) {
    store.check(session);
    String key = SessionStore.key(tenant, session);
    store.forget(tenant, session);
    if (config.store().isPresent() && tooOld(session)) {
      return Optional.empty();
    }
    if (config.store().isEmpty() && !young(session) && life(key) == Life.ABSENT) {
      // Nothing would let it in any more: there is nothing to remember. The store of a gateway that
      // is away might bring it back.
      return Optional.empty();
    }
    var end =
        new EndSession(
            created(session).toEpochMilli(),
            clock.millis(),
            memory.toMillis(),
            renewed ? clock.millis() : 0);
    SessionEntry before = SessionStore.inGrid(() -> sessions.executeOnKey(key, end));
    store.forget(tenant, session);
    return Optional.ofNullable(before);
  }

  private Life life(String key) {
    var look = new TouchSession(clock.millis(), config, true);
    return Life.of(SessionStore.inGrid(() -> sessions.executeOnKey(key, look)));
  }

  /**
   * Gives a session a new id, under which it has all that it had; the old one is refused. To be
   * done when what its user may do changes: an id that others have put upon the user is worth
   * nothing then (session fixation).
   *
   * @return with the new cookie; without one where another request has renewed it a moment ago:
   *     what that one got must not be taken away
   * @throws HeddleException UNAVAILABLE if the grid does not answer: the session may have ended
   *     then
   */
  public Visit renew(String tenant, String session) {
    SessionEntry before = ended(tenant, session, true).orElse(null);
    if (before != null && before.justRenewed(clock.millis(), SessionStore.RENEWAL.toMillis())) {
      return store.stranger();
    }
    Visit next = store.fresh(tenant);
    if (before == null || before.ended()) {
      return next;
    }
    // In this order no write to the old session is lost: those after its end are refused.
    List<Change> changes = new ArrayList<>();
    before
        .sealed()
        .forEach((name, sealed) ->
            changes.add(new Change(name, store.open(tenant, session, name, sealed), null)));
    if (!changes.isEmpty()) {
      var _ = store.change(tenant, next.session(), changes);
    }
    byte[] positions = before.positions();
    if (positions != null) {
      PositionToken token = store.opened(tenant, session, positions);
      store.changePositions(tenant, next.session(), token, false);
    }
    return next;
  }

  /**
   * A session, and what it has; empty: it has nothing, or its time is over.
   *
   * @throws HeddleException INVALID_REQUEST, UNAVAILABLE
   */
  public Optional<Whole> find(String tenant, String session) {
    store.check(session);
    String key = SessionStore.key(tenant, session);
    SessionEntry entry = SessionStore.inGrid(() -> sessions.get(key));
    if (entry == null || entry.ended() || tooOld(session)) {
      return Optional.empty();
    }
    // Looking is no use of it.
    var attributes = new TreeMap<String, String>();
    entry
        .sealed()
        .forEach((name, sealed) -> attributes.put(name, store.open(tenant, session, name, sealed)));
    return Optional.of(new Whole(summary(session, entry), attributes));
  }

  /**
   * A part of a list.
   *
   * @param upTo it says all up to this id; empty: all
   */
  public record Part(List<Summary> sessions, String upTo) {}

  /**
   * Sessions of a tenant that this node owns, by id. As all ids that it owns are gone through, it
   * makes one list at a time.
   *
   * @param after only those with greater ids
   * @param limit at most so many, up to 1,000
   * @throws HeddleException LIMIT_REACHED where other lists are in the way, UNAVAILABLE
   */
  public Part own(String tenant, String after, int limit) {
    boolean turn = false;
    try {
      turn = listing.tryAcquire(LIST_WAIT.toNanos(), TimeUnit.NANOSECONDS);
      if (!turn) {
        throw new HeddleException(
            ErrorCode.LIMIT_REACHED, "sessions: other lists are being made (expected: fewer)");
      }
      return part(tenant, after, limit);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new HeddleException(ErrorCode.CANCELLED, "interrupted", e);
    } finally {
      if (turn) {
        listing.release();
      }
    }
  }

  private Part part(String tenant, String after, int limit) {
    String prefix = tenant + "/";
    String from = prefix + after;
    // Of those beyond, the first ones: the greatest of them on top.
    var first = new PriorityQueue<String>(BATCH + 1, Comparator.reverseOrder());
    for (String key : SessionStore.inGrid(sessions::localKeySet)) {
      if (key.startsWith(prefix)
          && key.compareTo(from) > 0
          && !tooOld(key.substring(prefix.length()))) {
        first.add(key);
        if (first.size() > BATCH) {
          var _ = first.poll();
        }
      }
    }
    boolean all = first.size() < BATCH;
    List<String> keys = first.stream().sorted().toList();
    Map<String, SessionEntry> entries =
        SessionStore.inGrid(() -> sessions.getAll(new HashSet<>(keys)));
    var found = new ArrayList<Summary>();
    for (String key : keys) {
      if (found.size() == limit) {
        return new Part(found, found.getLast().session());
      }
      SessionEntry entry = entries.get(key);
      if (entry != null && !entry.ended()) {
        found.add(summary(key.substring(prefix.length()), entry));
      }
    }
    return new Part(found, all ? "" : keys.getLast().substring(prefix.length()));
  }

  private static Summary summary(String id, SessionEntry entry) {
    return new Summary(
        id,
        Instant.ofEpochMilli(entry.createdMillis()),
        Instant.ofEpochMilli(entry.touchedMillis()),
        entry.sealed().size(),
        entry.plainBytes());
  }

  /**
   * What the grid says of these sessions; looking is no use of them.
   *
   * @throws HeddleException UNAVAILABLE
   */
  public Map<SessionName, State> states(Collection<SessionName> asked) {
    var states = new HashMap<SessionName, State>();
    var byKey = new HashMap<String, SessionName>();
    for (SessionName id : asked) {
      if (tooOld(id.session())) {
        states.put(id, State.ENDED);
      } else {
        byKey.put(SessionStore.key(id.tenant(), id.session()), id);
      }
      if (byKey.size() == BATCH) {
        look(byKey, states);
        byKey.clear();
      }
    }
    look(byKey, states);
    return states;
  }

  private void look(Map<String, SessionName> byKey, Map<SessionName, State> states) {
    if (byKey.isEmpty()) {
      return;
    }
    var look = new TouchSession(clock.millis(), config, true);
    Set<String> keys = new HashSet<>(byKey.keySet());
    Map<String, Integer> found = SessionStore.inGrid(() -> sessions.executeOnKeys(keys, look));
    byKey.forEach((key, id) -> states.put(id, state(found.get(key))));
  }

  private static State state(@Nullable Integer found) {
    return switch (found == null ? Life.ABSENT : Life.of(found)) {
      case ABSENT -> State.ABSENT;
      case LIVES -> State.LIVES;
      case ENDED, RENEWED -> State.ENDED;
    };
  }

  /** Whether the grid had something of a session when this node last heard of it. */
  public boolean lived(SessionName id) {
    return store.lived(id.tenant(), id.session());
  }

  /** Another gateway has ended a session: what was remembered of it here holds no more. */
  public void forget(String tenant, String session) {
    store.forget(tenant, session);
  }

  private boolean young(String session) {
    return age(session).compareTo(config.idleTimeout()) < 0;
  }

  private boolean tooOld(String session) {
    return age(session).compareTo(config.maxAge()) >= 0;
  }

  private Duration age(String session) {
    return Duration.between(created(session), clock.instant());
  }

  private static Instant created(String session) {
    return SessionCookie.created(session)
        .orElseThrow(() ->
            new HeddleException(
                ErrorCode.INVALID_REQUEST, "session: " + session + " (expected: a session id)"));
  }
}
