package dev.heddle.gateway.connection;

import dev.heddle.gateway.connection.Everywhere.Answers;
import dev.heddle.gateway.session.ConnectionKey;
import dev.heddle.gateway.session.SessionEnding;
import dev.heddle.gateway.session.SessionRecords;
import dev.heddle.gateway.session.SessionRecords.Part;
import dev.heddle.gateway.session.SessionRecords.SessionName;
import dev.heddle.gateway.session.SessionRecords.State;
import dev.heddle.gateway.session.SessionRecords.Summary;
import dev.heddle.gateway.session.SessionRecords.Whole;
import dev.heddle.gateway.session.SessionStore;
import dev.heddle.gateway.websocket.CloseCodes;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.Threads;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Cookie sessions as all gateways see them. Where one ends, its connections do, with 1008: at once
 * where somebody has ended it, as each gateway is told; and otherwise at the next look, which finds
 * what ran out of time, and what a gateway was not told. One thread looks; thread-safe.
 */
final class SessionEnds implements SessionEnding, AutoCloseable {
  /** Sessions of a list. */
  static final int LONGEST_LIST = 1_000;

  private static final Logger log = LoggerFactory.getLogger(SessionEnds.class);
  private static final String REASON = "the session has ended";
  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(10);
  private static final Duration SHORTEST_PAUSE = Duration.ofMillis(250);

  /** Renewals of which others are being told; of more they find out by themselves. */
  private static final int MOST_TOLD = 1_000;

  private final SessionRecords records;
  private final Users here;
  private final Resumables resumables;
  private final PlainConnections plain;
  private final Everywhere everywhere;
  private final SessionsGrpcClient peers;
  private final Semaphore telling = new Semaphore(MOST_TOLD);
  private final Duration pause;
  private final ScheduledExecutorService thread =
      Executors.newSingleThreadScheduledExecutor(Threads.named("heddle-sessions"));

  /**
   * Of those with connections here, the ones that the grid had something of at the last look: one
   * that never had anything cannot run out of its idle time. Owned by the thread.
   */
  private Set<SessionName> known = Set.of();

  /**
   * Of a gateway.
   *
   * @param window how long connections survive their sockets
   * @param here whose connections are here
   */
  SessionEnds(
      SessionStore sessions,
      Duration window,
      Users here,
      Resumables resumables,
      PlainConnections plain,
      Everywhere everywhere,
      SessionsGrpcClient peers) {
    this.records = sessions.records(window);
    this.here = here;
    this.resumables = resumables;
    this.plain = plain;
    this.everywhere = everywhere;
    this.peers = peers;
    this.pause = atLeast(SHORTEST_PAUSE, atMost(LONGEST_PAUSE, sessions.touchInterval()));
  }

  private static Duration atLeast(Duration least, Duration value) {
    return value.compareTo(least) < 0 ? least : value;
  }

  private static Duration atMost(Duration most, Duration value) {
    return value.compareTo(most) > 0 ? most : value;
  }

  void start() {
    var _ =
        thread.scheduleWithFixedDelay(
            this::look, pause.toMillis(), pause.toMillis(), TimeUnit.MILLISECONDS);
  }

  @Override
  public Ended end(String tenant, String session) {
    boolean ended = records.end(tenant, session);
    return new Ended(ended, tellAll(tenant, session));
  }

  @Override
  public Renewed renew(String tenant, String session) {
    SessionStore.Visit next = records.renew(tenant, session);
    return new Renewed(next, () -> tellLater(tenant, session));
  }

  private void tellLater(String tenant, String session) {
    if (!telling.tryAcquire()) {
      return;
    }
    resumables.later(() -> {
      try {
        var _ = tellAll(tenant, session);
      } catch (RuntimeException e) {
        // A grid that stops says so in ways of its own.
        log.info("session end not told error={}", e.toString());
      } finally {
        telling.release();
      }
    });
  }

  private boolean tellAll(String tenant, String session) {
    return everywhere
        .ask(
            () -> endHere(tenant, session),
            address -> {
              peers.ended(address, tenant, session);
              return true;
            })
        .complete();
  }

  /** A session has ended: closes those of its connections whose clients are here. */
  boolean endHere(String tenant, String session) {
    var _ = close(new SessionName(tenant, session));
    return true;
  }

  /** Whether all its connections here have ended, or will. */
  private boolean close(SessionName ended) {
    boolean all = true;
    records.forget(ended.tenant(), ended.session());
    for (ConnectionKey key : here.of(ended)) {
      Optional<RawConnection> socket = plain.find(key);
      if (socket.isPresent()) {
        socket.get().close(CloseCodes.POLICY, REASON);
        continue;
      }
      try {
        var _ = resumables.end(key, 0, CloseCodes.POLICY, REASON);
      } catch (HeddleException e) {
        all = false;
        log.warn("connection not ended connection={} error={}", key.id(), e.toString());
      }
    }
    return all;
  }

  /** Ends the connections here whose sessions are over. */
  void look() {
    try {
      Set<SessionName> asked = here.sessions();
      // Before it is asked: what one gets meanwhile is not missed by an older answer.
      var had = new HashSet<SessionName>();
      for (SessionName id : asked) {
        if (known.contains(id) || records.lived(id)) {
          had.add(id);
        }
      }
      Map<SessionName, State> states = records.states(asked);
      var ended = new HashSet<SessionName>();
      var living = new HashSet<SessionName>();
      states.forEach((id, state) -> {
        if (state == State.LIVES) {
          living.add(id);
        } else if (state == State.ENDED || had.contains(id)) {
          ended.add(id);
        }
      });
      for (SessionName id : ended) {
        if (!close(id)) {
          // The next look finds it again.
          living.add(id);
        }
      }
      known = living;
    } catch (RuntimeException e) {
      log.warn("sessions not looked at error={}", e.toString());
    }
  }

  /**
   * A session and what it has.
   *
   * @throws HeddleException GONE where it has nothing, or its time is over
   */
  Whole find(String tenant, String session) {
    return records
        .find(tenant, session)
        .orElseThrow(() ->
            new HeddleException(
                ErrorCode.GONE, "session: has nothing, or has ended (expected: one that lives)"));
  }

  /**
   * Sessions of a tenant, by id.
   *
   * @param next where to go on; empty: there are no more
   * @param complete whether all gateways have answered
   */
  record Listed(List<Summary> sessions, String next, boolean complete) {}

  /**
   * Lists sessions of all gateways.
   *
   * @param after only those with greater ids
   * @param limit at most so many, 1..{@link #LONGEST_LIST}
   */
  Listed list(String tenant, String after, int limit) {
    if (limit < 1 || limit > LONGEST_LIST) {
      throw new HeddleException(
          ErrorCode.OUT_OF_RANGE, "limit: " + limit + " (expected: 1.." + LONGEST_LIST + ")");
    }
    Answers<Part> answers =
        everywhere.ask(
            () -> own(tenant, after, limit), address -> peers.own(address, tenant, after, limit));
    // No part says anything about what is beyond its own end.
    String upTo =
        answers.all().stream()
            .map(Part::upTo)
            .filter(id -> !id.isEmpty())
            .min(Comparator.naturalOrder())
            .orElse("");
    // One that moves between gateways may be found at both.
    var byId = new HashMap<String, Summary>();
    answers.all().stream()
        .flatMap(part -> part.sessions().stream())
        .filter(each -> upTo.isEmpty() || each.session().compareTo(upTo) <= 0)
        .forEach(each -> byId.put(each.session(), each));
    List<Summary> found = new ArrayList<>(byId.values());
    found.sort(Comparator.comparing(Summary::session));
    if (found.size() <= limit) {
      return new Listed(found, upTo, answers.complete());
    }
    List<Summary> first = List.copyOf(found.subList(0, limit));
    return new Listed(first, first.getLast().session(), answers.complete());
  }

  /** The part of a list that this gateway owns. */
  Part own(String tenant, String after, int limit) {
    return records.own(tenant, after, limit);
  }

  @Override
  public void close() {
    thread.shutdownNow();
  }
}
