package dev.heddle.gateway.connection;

import dev.heddle.gateway.backend.PeersGrpcClient;
import dev.heddle.gateway.backend.PeersGrpcClient.Woken;
import dev.heddle.gateway.connection.Arrivals.Arrival;
import dev.heddle.gateway.connection.Frames.Incoming;
import dev.heddle.gateway.connection.Users.User;
import dev.heddle.gateway.session.ConnectionKey;
import dev.heddle.gateway.session.ConnectionTable;
import dev.heddle.gateway.session.ConnectionTable.By;
import dev.heddle.gateway.session.ConnectionTable.Carrier;
import dev.heddle.gateway.session.ConnectionTable.Change;
import dev.heddle.gateway.session.ConnectionTable.End;
import dev.heddle.gateway.session.ConnectionTable.Known;
import dev.heddle.gateway.session.ConnectionTable.Opening;
import dev.heddle.gateway.session.ConnectionTable.Outcome;
import dev.heddle.gateway.websocket.CloseCodes;
import dev.heddle.process.HeddleException;
import dev.heddle.process.Threads;
import dev.heddle.process.Ticker;
import dev.heddle.process.TraceContext;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.ThreadFactory;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Resumable connections as this gateway sees them: those that it carries, the calls that it has in
 * flight for any, and what it tells other gateways. What holds stands in the grid. Blocking;
 * thread-safe.
 */
final class Resumables {
  private static final Logger log = LoggerFactory.getLogger(Resumables.class);

  private final ConnectionTable table;

  /** Of a close that the app asked for. */
  static final String BY_APP = "closed by the app";

  private final Frames frames;
  private final PeersGrpcClient peers;
  private final ResumeConfig config;
  private final Users present;
  private final Whereabouts self;
  private final Clock clock;
  private final ResumableChannels channels;
  private final Kept kept;
  private final Calls calls;
  private final Windows windows;
  private final Lingers lingers;
  private final Wakes wakes;
  private final ThreadFactory threads = Threads.virtual("heddle-take-over");
  private final Stays here;

  /**
   * What this gateway knows of them.
   *
   * @param connections that may be connected here at once
   * @param present of the connections whose clients are here
   */
  Resumables(
      ConnectionTable table,
      Frames frames,
      PeersGrpcClient peers,
      ResumeConfig config,
      int connections,
      Users present,
      Supplier<Optional<String>> internalAddress,
      Ticker ticker,
      Clock clock) {
    this.table = table;
    this.frames = frames;
    this.peers = peers;
    this.config = config;
    this.present = present;
    this.self = new Whereabouts(table, internalAddress);
    this.clock = clock;
    this.channels = new ResumableChannels(this, table, frames.channels());
    this.kept = new Kept(connections);
    this.here = new Stays(kept.tally(), present);
    this.calls =
        new Calls(table, peers, self::carrier, this::abandoned, config.takeOver(), ticker, clock);
    this.wakes = new Wakes(table, peers);
    this.windows = new Windows(table, frames, self::carrier, new Here(), kept.tally(), clock);
    this.lingers = new Lingers(config, this::detached, this::later, clock);
  }

  /** The frames of clients that are in work. */
  Calls calls() {
    return calls;
  }

  /** The channels that they listen to. */
  ResumableChannels channels() {
    return channels;
  }

  /** What watches over the ends of windows; its owner starts and closes it. */
  Windows windows() {
    return windows;
  }

  /** The stays of clients between two polls; its owner starts and closes it. */
  Lingers lingers() {
    return lingers;
  }

  /**
   * Refuses clients while other gateways could not tell this one of their frames.
   *
   * @throws HeddleException UNAVAILABLE
   */
  void requireKnown() {
    self.requireKnown();
  }

  /**
   * Refuses new connections where too many wait for their clients.
   *
   * @throws HeddleException LIMIT_REACHED
   */
  void requireRoom(String tenant, String app, OptionalInt appsOwn) {
    kept.requireRoom(tenant, app, appsOwn);
  }

  /**
   * A new connection, whose client has been let in.
   *
   * @param polls whether over polls
   */
  Resumed open(Entrance.Guest guest, Duration window, boolean polls) {
    Client client = guest.client();
    Arrival arrival = guest.arrival();
    var opening =
        new Opening(
            client.app(),
            client.session(),
            guest.bound(),
            client.connectedAt(),
            client.identity(),
            guest.handed().bytes(),
            window,
            config.history().toIntBytes());
    try {
      Known known = table.open(client.key(), opening, polls, self.carrier(), clock.instant());
      if (!guest.channels().isEmpty()) {
        known = channels.change(client.key(), By.OTHERS, guest.channels(), Set.of());
      }
      boolean ends =
          arrival != null
              && arrival.arrived(
                  (in, out) -> channels.change(client.key(), By.OTHERS, in, out),
                  frame -> keep(client.key(), frame));
      var resumed = new Resumed(stay(client, known, 0), known, 0);
      if (ends) {
        var _ = end(client.key(), 0, CloseCodes.NORMAL, BY_APP);
      }
      return resumed;
    } catch (RuntimeException e) {
      windows.suspect(client.key());
      throw e;
    } finally {
      if (arrival != null) {
        arrival.refused();
      }
    }
  }

  /** A stay that begins, and how. */
  record Resumed(ResumableConnection connection, Known known, long offset) {}

  /**
   * A client comes back. Whoever carried its connection before is told; a call that is in flight
   * goes on.
   *
   * @param offset of the last frame that it has
   * @param polls whether over polls
   * @throws HeddleException GONE past the window, FORBIDDEN for an old token
   */
  Resumed resume(Tokens.Resume resume, long offset, boolean polls) {
    ConnectionKey key = resume.key();
    Change change;
    try {
      Carrier by = self.carrier();
      change = table.attach(key, resume.generation(), offset, polls, by, clock.instant());
    } catch (RuntimeException e) {
      windows.suspect(key);
      throw e;
    }
    Known before = change.before();
    if (!change.done() || before == null) {
      throw Refusals.of(change.outcome());
    }
    Known now = change.get();
    long from = now.recovered() ? offset : now.last();
    ResumableConnection stay;
    try {
      stay = stay(Client.of(table, key, now), now, from);
    } catch (RuntimeException e) {
      windows.suspect(key);
      throw e;
    }
    if (before.attached() && elsewhere(before.carrier())) {
      // Not before it is seen here in its channels.
      String other = before.carrier().address();
      stay.follows(() -> later(() -> peers.replaced(other, key, before.epoch())));
    }
    return new Resumed(stay, now, from);
  }

  private ResumableConnection stay(Client client, Known known, long offset) {
    ConnectionKey key = client.key();
    var stay =
        new ResumableConnection(
            client, known.epoch(), offset, table, new Subscriptions(client, frames.channels()));
    ResumableConnection older = here.put(stay);
    if (older != stay) {
      windows.forget(key);
    }
    if (older != null && older != stay && lingers.leave(older)) {
      stay.follows(older.subscriptions()::close);
    } else if (older != null) {
      older.close(CloseCodes.REPLACED, "replaced");
    }
    return stay;
  }

  /** The stay that is here. */
  Optional<ResumableConnection> here(ConnectionKey key) {
    return Optional.ofNullable(here.get(key));
  }

  /** What windows ask of this gateway. */
  private final class Here implements Windows.Gateway {
    @Override
    public boolean lost(ConnectionKey key, Known known) {
      return calls.lost(key, known);
    }

    @Override
    public boolean stays(ConnectionKey key, long epoch) {
      ResumableConnection stay = here.get(key);
      return stay != null && stay.epoch() >= epoch;
    }

    @Override
    public void checkStays() {
      for (ResumableConnection stay : here.all()) {
        try {
          check(stay);
        } catch (RuntimeException e) {
          log.warn("stay not checked connection={} error={}", stay.key().id(), e.toString());
        }
      }
    }
  }

  /**
   * Ends a stay that is not what the grid says: of a gateway that was taken for lost, so that its
   * client comes back, or learns that its connection is over.
   */
  void check(ResumableConnection stay) {
    Known known = table.find(stay.key()).orElse(null);
    boolean holds =
        known != null
            && known.epoch() == stay.epoch()
            && known.attached()
            && known.carrier().member().equals(self.carrier().member());
    if (!holds && here.get(stay.key()) == stay) {
      boolean taken = known != null && known.attached() && known.epoch() > stay.epoch();
      log.info("stay ended that the grid does not know connection={}", stay.key().id());
      stay.close(taken ? CloseCodes.REPLACED : CloseCodes.GOING_AWAY, "carried here no more");
    }
  }

  private boolean elsewhere(Carrier carrier) {
    return !carrier.member().equals(self.carrier().member()) && table.alive(carrier);
  }

  /** The client of a connection that lives. */
  Client client(ConnectionKey key) {
    return Client.of(table, key, find(key));
  }

  /**
   * The connection as it is now.
   *
   * @throws HeddleException GONE
   */
  Known find(ConnectionKey key) {
    return table.find(key).orElseThrow(() -> Refusals.of(Outcome.MISSING));
  }

  /**
   * A frame of a client is answered; returns when it is.
   *
   * @param token generation of the token that it came with; 0: it came over the socket of the epoch
   * @param number of the frame; 0: the client does not count
   * @return how many of the client's frames have been taken
   * @throws HeddleException as {@link Calls#begin} does
   */
  long work(Client client, long token, long epoch, long number, Payload frame) {
    ConnectionKey key = client.key();
    Incoming incoming = frames.read(client, frame);
    Calls.Begun begun = calls.begin(new Calls.Frame(key, token, epoch, number), incoming);
    if (!begun.todo()) {
      return begun.received();
    }
    var replies = new CallReplies(this, client, begun.call());
    byte[] left = null;
    try {
      Handed before = Handed.of(table.handed(key, begun.known()));
      replies.hand(before);
      frames.handle(replies, incoming);
      Handed after = replies.handed();
      left = before.equals(after) ? null : after.bytes();
    } catch (RuntimeException e) {
      // Nothing may stand between a call and its end: the next frame would wait for it.
      replies.answer(Frames.failed(incoming, e, TraceContext.create().traceId()));
    } finally {
      Payload last = replies.last();
      Change change = calls.finish(key, begun, left, last);
      if (change.done()) {
        finished(key, change.get(), last);
      } else if (change.outcome() == Outcome.DUPLICATE) {
        deliver(key, change.get(), null);
      } else {
        log.info("call of no account connection={} outcome={}", key.id(), change.outcome());
      }
    }
    End end = replies.end();
    if (end != null) {
      var _ = end(key, 0, end.code(), end.reason());
    }
    return begun.received();
  }

  /** A call is over, and its last frame, if it had one, in the grid. */
  private void finished(ConnectionKey key, Known known, @Nullable Payload last) {
    if (last != null) {
      deliver(key, known, last);
    }
    End end = known.end();
    if (end != null) {
      ended(key, known, end);
    }
  }

  /** A call was given up: its client is told, wherever it is. */
  private void abandoned(ConnectionKey key, Known known) {
    later(() -> {
      deliver(key, known, null);
      End end = known.end();
      if (end != null) {
        ended(key, known, end);
      }
    });
  }

  /** Whether a connection is here whose client is between two polls. */
  boolean between(ConnectionKey key) {
    return here(key).filter(ResumableConnection::between).isPresent();
  }

  /** The history of a connection has grown. */
  boolean wake(ConnectionKey key) {
    ResumableConnection stay = here.get(key);
    if (stay != null) {
      stay.pull();
    }
    return stay != null;
  }

  /** A connection has been taken over by another gateway. */
  boolean replaced(ConnectionKey key, long epoch) {
    ResumableConnection stay = here.get(key);
    if (stay == null || stay.epoch() > epoch) {
      return false;
    }
    stay.close(CloseCodes.REPLACED, "replaced");
    return true;
  }

  /** Whether the client of a connection has yet to read what was sent from here. */
  boolean lags(ConnectionKey key) {
    ResumableConnection stay = here.get(key);
    return stay != null && stay.lags();
  }

  /** Keeps a frame, and has it handed on by whoever carries the connection. */
  boolean send(ConnectionKey key, long by, Payload frame) {
    Change change = table.append(key, by, frame.binary(), frame.bytes());
    if (change.outcome() == Outcome.DUPLICATE) {
      deliver(key, change.get(), null);
      return true;
    }
    if (!change.done()) {
      log.info("frame refused connection={} outcome={}", key.id(), change.outcome());
      return false;
    }
    deliver(key, change.get(), frame);
    return true;
  }

  /** Keeps a frame that came before there was an entry, and before there is a stay. */
  private void keep(ConnectionKey key, Payload frame) {
    Change change = table.append(key, 0, frame.binary(), frame.bytes());
    if (!change.done() && change.outcome() != Outcome.DUPLICATE) {
      throw Refusals.of(change.outcome());
    }
  }

  /**
   * Keeps a frame that no client asked for, and has it handed on.
   *
   * @return false: there is no such connection
   * @throws HeddleException LIMIT_REACHED where the history is full, and nobody there to read it
   */
  boolean push(ConnectionKey key, Payload frame) {
    return pushOnce(key, ConnectionTable.newId(), frame) != Outcome.MISSING;
  }

  /**
   * As above, once even if several gateways do it.
   *
   * @param id of the frame
   * @return DONE, DUPLICATE where another one has done it, or MISSING
   */
  Outcome pushOnce(ConnectionKey key, long id, Payload frame) {
    Change change = table.append(key, 0, id, frame.binary(), frame.bytes());
    switch (change.outcome()) {
      case DONE -> deliver(key, change.get(), frame);
      case DUPLICATE -> deliver(key, change.get(), null);
      case MISSING -> {}
      case FULL, REPLAYED, FENCED, BUSY, ENDING, GAP -> throw Refusals.of(change.outcome());
    }
    return change.outcome();
  }

  /** The connection as it is now; empty: there is none, or it ends with the call in flight. */
  Optional<Known> look(ConnectionKey key) {
    return table.find(key).filter(known -> known.end() == null);
  }

  /** Who the client of a connection is. */
  Client client(ConnectionKey key, Known known) {
    return Client.of(table, key, known);
  }

  /** Connections of a user that are here, or wait for their clients here. */
  Set<ConnectionKey> of(User user) {
    Set<ConnectionKey> all = present.of(user);
    all.addAll(windows.of(user));
    return all;
  }

  /** Connections of a tenant whose entries this member owns. */
  List<ConnectionKey> own(String tenant) {
    return table.own().stream().filter(key -> key.tenant().equals(tenant)).toList();
  }

  /** Names of the nodes whose gateways are in the grid. */
  Set<String> nodes() {
    return table.nodes();
  }

  /**
   * Has what is new in the entry handed on by whoever carries the connection.
   *
   * @param frame the last one; null: whichever are new
   */
  void deliver(ConnectionKey key, Known known, @Nullable Payload frame) {
    ResumableConnection stay = here.get(key);
    if (stay != null && stay.epoch() == known.epoch()) {
      if (frame == null) {
        stay.pull();
      } else {
        stay.appended(known.last(), frame);
      }
    } else {
      var _ = wakeElsewhere(key, known);
    }
  }

  /** Tells the other gateway that carries a connection, if one does. */
  Woken wakeElsewhere(ConnectionKey key, Known known) {
    boolean other = known.attached() && elsewhere(known.carrier());
    return other ? wakes.wake(key, known) : Woken.NOT_TOLD;
  }

  /** A transport is gone: the resume window begins. */
  void detached(ResumableConnection stay) {
    detached(stay, clock.instant());
  }

  /** As above, of one whose client was last seen at some moment. */
  private void detached(ResumableConnection stay, Instant seen) {
    ConnectionKey key = stay.key();
    stay.subscriptions().close();
    stay.settled();
    try {
      Change change = table.detach(key, stay.epoch(), stay.given(), seen);
      if (change.done()) {
        windows.watch(stay.client(), change.get());
      }
    } catch (RuntimeException e) {
      windows.suspect(key);
      log.warn("not detached connection={} error={}", key.id(), e.toString());
    } finally {
      // Last: at any moment its user's connection is known to be here, or to wait here.
      here.leave(stay);
    }
  }

  /**
   * Ends a connection for good; the app is told, once, and after the call in flight: no client
   * comes back meanwhile.
   *
   * @return false: there is no such connection, or another epoch carries it
   */
  boolean end(ConnectionKey key, long epoch, int code, String reason) {
    var end = new End(code, reason);
    return ended(key, table.remove(key, epoch, end), end);
  }

  private boolean ended(ConnectionKey key, Change change, End end) {
    if (change.done()) {
      ended(key, change.get(), end);
    } else if (change.outcome() == Outcome.ENDING) {
      ResumableConnection stay = here.get(key);
      if (stay != null) {
        stay.close(end.code(), end.reason());
      }
    }
    return change.done() || change.outcome() == Outcome.ENDING;
  }

  /** A connection is no more. */
  private void ended(ConnectionKey key, Known known, End end) {
    ResumableConnection stay = here.get(key);
    if (stay != null) {
      // Not only when its socket is gone: nobody need answer a goodbye.
      stay.subscriptions().close();
      here.leave(stay);
      stay.close(end.code(), end.reason());
    }
    // It finds that there is no connection any more.
    var _ = wakeElsewhere(key, known);
    windows.forget(key);
    Handed handed = Handed.of(table.handed(key, known));
    frames.disconnected(Client.of(table, key, known), end.code(), end.reason(), handed);
  }

  /**
   * Ends a connection for good in the name of its client.
   *
   * @throws HeddleException FORBIDDEN for an old token, GONE where there is no connection any more
   */
  void endBy(Tokens.Resume resume, String reason) {
    var end = new End(CloseCodes.NORMAL, reason);
    Change change = table.removeBy(resume.key(), resume.generation(), end);
    if (!ended(resume.key(), change, end)) {
      throw Refusals.of(change.outcome());
    }
  }

  /** Runs what waits for others, on a thread of its own. */
  void later(Runnable work) {
    threads.newThread(work).start();
  }
}
