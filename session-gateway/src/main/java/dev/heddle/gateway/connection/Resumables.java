package dev.heddle.gateway.connection;

import dev.heddle.gateway.backend.BackendCall;
import dev.heddle.gateway.backend.PeersGrpcClient;
import dev.heddle.gateway.connection.Frames.Incoming;
import dev.heddle.gateway.session.ConnectionKey;
import dev.heddle.gateway.session.ConnectionTable;
import dev.heddle.gateway.session.ConnectionTable.Carrier;
import dev.heddle.gateway.session.ConnectionTable.Change;
import dev.heddle.gateway.session.ConnectionTable.End;
import dev.heddle.gateway.session.ConnectionTable.Known;
import dev.heddle.gateway.session.ConnectionTable.Opening;
import dev.heddle.gateway.session.ConnectionTable.Outcome;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.Threads;
import dev.heddle.process.Ticker;
import java.time.Clock;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.atomic.AtomicReference;
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
  private final Tokens tokens;
  private final Frames frames;
  private final PeersGrpcClient peers;
  private final ResumeConfig config;
  private final Supplier<Optional<String>> internalAddress;
  private final Clock clock;
  private final Kept kept;
  private final Calls calls;
  private final Windows windows;
  private final ThreadFactory threads = Threads.virtual("heddle-take-over");
  private final ConcurrentHashMap<ConnectionKey, ResumableConnection> here =
      new ConcurrentHashMap<>();

  /**
   * What this gateway knows of them.
   *
   * @param connections that may be connected here at once
   */
  Resumables(
      ConnectionTable table,
      Tokens tokens,
      Frames frames,
      PeersGrpcClient peers,
      ResumeConfig config,
      int connections,
      Supplier<Optional<String>> internalAddress,
      Ticker ticker,
      Clock clock) {
    this.table = table;
    this.tokens = tokens;
    this.frames = frames;
    this.peers = peers;
    this.config = config;
    this.internalAddress = internalAddress;
    this.clock = clock;
    this.kept = new Kept(connections);
    this.calls = new Calls(table, peers, this::self, this::abandoned, config.takeOver(), ticker);
    this.windows = new Windows(table, frames, this::self, new Here(), kept.tally(), clock);
  }

  /** The frames of clients that are in work. */
  Calls calls() {
    return calls;
  }

  /** What watches over the ends of windows; its owner starts and closes it. */
  Windows windows() {
    return windows;
  }

  private Carrier self() {
    return table.self(internalAddress.get());
  }

  /**
   * Refuses new connections where too many wait for their clients.
   *
   * @throws HeddleException LIMIT_REACHED
   */
  void requireRoom(String tenant, String app, OptionalInt appsOwn) {
    kept.requireRoom(tenant, app, appsOwn);
  }

  /** A new connection, whose client has been let in. */
  Resumed open(Entrance.Guest guest, Duration window) {
    Client client = guest.client();
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
      Known known = table.open(client.key(), opening, self(), clock.instant());
      return new Resumed(stay(client, known, 0), known, 0);
    } catch (RuntimeException e) {
      windows.suspect(client.key());
      throw e;
    }
  }

  /** A stay that begins, and how. */
  record Resumed(ResumableConnection connection, Known known, long offset) {}

  /**
   * A client comes back. Whoever carried its connection before is told; a call that is in flight
   * goes on.
   *
   * @param offset of the last frame that it has
   * @throws HeddleException GONE past the window, FORBIDDEN for an old token
   */
  Resumed resume(Tokens.Resume resume, long offset) {
    ConnectionKey key = resume.key();
    Change change;
    try {
      change = table.attach(key, resume.generation(), offset, self(), clock.instant());
    } catch (RuntimeException e) {
      windows.suspect(key);
      throw e;
    }
    Known before = change.before();
    if (!change.done() || before == null) {
      throw refusal(change.outcome());
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
      later(() -> peers.replaced(before.carrier().address(), key, before.epoch()));
    }
    return new Resumed(stay, now, from);
  }

  private ResumableConnection stay(Client client, Known known, long offset) {
    ConnectionKey key = client.key();
    var stay =
        new ResumableConnection(
            client, known.epoch(), tokens.resume(key, known.generation()), offset, table);
    ResumableConnection older = put(key, stay);
    if (older != stay) {
      windows.forget(key);
    }
    if (older != null) {
      older.close(CloseCodes.REPLACED, "replaced");
    }
    return stay;
  }

  /**
   * The newest stay is here, whichever of two that begin at once comes first; returns the other.
   */
  private @Nullable ResumableConnection put(ConnectionKey key, ResumableConnection stay) {
    var older = new AtomicReference<@Nullable ResumableConnection>();
    here.compute(
        key,
        (_, last) -> {
          if (last == null) {
            kept.tally().add(key, stay.client().app());
            return stay;
          }
          boolean newer = last.epoch() < stay.epoch();
          older.set(newer ? last : stay);
          return newer ? stay : last;
        });
    return older.get();
  }

  private void leave(ConnectionKey key, ResumableConnection stay) {
    if (here.remove(key, stay)) {
      kept.tally().remove(key, stay.client().app());
    }
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
  }

  private boolean elsewhere(Carrier carrier) {
    return !carrier.member().equals(self().member()) && table.alive(carrier);
  }

  static HeddleException refusal(Outcome outcome) {
    return switch (outcome) {
      case MISSING, ENDING ->
          new HeddleException(
              ErrorCode.GONE, "connection: its window is over (expected: a new connection)");
      case REPLAYED ->
          new HeddleException(
              ErrorCode.FORBIDDEN, "resume: an old token (expected: the newest one)");
      case BUSY ->
          new HeddleException(
              ErrorCode.CONFLICT,
              "frame: another one is in work (expected: one at a time, after its answer)");
      case GAP ->
          new HeddleException(
              ErrorCode.CONFLICT, "number: not the next one (expected: numbers without gaps)");
      case FULL ->
          new HeddleException(
              ErrorCode.LIMIT_REACHED, "connection: its history is full (expected: a reader)");
      case FENCED, DUPLICATE, DONE ->
          new HeddleException(
              ErrorCode.GONE, "connection: carried by another socket (expected: the newest one)");
    };
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
    return table.find(key).orElseThrow(() -> refusal(Outcome.MISSING));
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
    var replies = new CallReplies(client, begun.call(), Handed.of(begun.handed()));
    Handed before = replies.handed();
    try {
      frames.handle(replies, incoming);
    } finally {
      Handed after = replies.handed();
      Payload last = replies.last;
      Change change = calls.finish(key, begun, before.equals(after) ? null : after.bytes(), last);
      if (change.done()) {
        finished(key, change.get(), last);
      } else if (change.outcome() == Outcome.DUPLICATE) {
        deliver(key, change.get(), null);
      } else {
        log.info("call of no account connection={} outcome={}", key.id(), change.outcome());
      }
    }
    End end = replies.end;
    if (end != null) {
      end(key, 0, end.code(), end.reason());
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

  /**
   * Has what is new in the entry handed on by whoever carries the connection.
   *
   * @param frame the last one; null: whichever are new
   */
  private void deliver(ConnectionKey key, Known known, @Nullable Payload frame) {
    ResumableConnection stay = here.get(key);
    if (stay != null && stay.epoch() == known.epoch()) {
      if (frame == null) {
        stay.pull();
      } else {
        stay.appended(known.last(), frame);
      }
    } else if (known.attached() && elsewhere(known.carrier())) {
      var _ = peers.wake(known.carrier().address(), key);
    }
  }

  /** The client has read up to this offset. */
  void acknowledge(ResumableConnection stay, long offset) {
    table.acknowledge(stay.key(), stay.epoch(), offset);
  }

  /** A transport is gone: the resume window begins. */
  void detached(ResumableConnection stay) {
    ConnectionKey key = stay.key();
    leave(key, stay);
    try {
      Change change = table.detach(key, stay.epoch(), clock.instant());
      if (change.done()) {
        windows.watch(key, change.get());
      }
    } catch (RuntimeException e) {
      windows.suspect(key);
      log.warn("not detached connection={} error={}", key.id(), e.toString());
    }
  }

  /**
   * Ends a connection for good; the app is told, once, and after the call in flight: no client
   * comes back meanwhile.
   */
  void end(ConnectionKey key, long epoch, int code, String reason) {
    var end = new End(code, reason);
    Change change = table.remove(key, epoch, end);
    if (change.done()) {
      ended(key, change.get(), end);
    } else if (change.outcome() == Outcome.ENDING) {
      ResumableConnection stay = here.get(key);
      if (stay != null) {
        stay.close(code, reason);
      }
    }
  }

  /** A connection is no more. */
  private void ended(ConnectionKey key, Known known, End end) {
    ResumableConnection stay = here.get(key);
    if (stay != null) {
      leave(key, stay);
      stay.close(end.code(), end.reason());
    }
    if (known.attached() && elsewhere(known.carrier())) {
      // It finds that there is no connection any more.
      var _ = peers.wake(known.carrier().address(), key);
    }
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
    Known known = find(resume.key());
    if (resume.generation() != known.generation()) {
      throw refusal(Outcome.REPLAYED);
    }
    end(resume.key(), known.epoch(), CloseCodes.NORMAL, reason);
  }

  /** Runs what waits for others, on a thread of its own. */
  void later(Runnable work) {
    threads.newThread(work).start();
  }

  /**
   * Where the answers to one frame go: into the grid, under the frame's call; the last one together
   * with the call's end.
   */
  private final class CallReplies implements Replies {
    private final Client client;
    private final long call;
    private volatile Handed handed;
    private volatile @Nullable Payload last;
    private volatile @Nullable End end;

    CallReplies(Client client, long call, Handed handed) {
      this.client = client;
      this.call = call;
      this.handed = handed;
    }

    @Override
    public Handed handed() {
      return handed;
    }

    /** It counts when the call is marked as finished. */
    @Override
    public void hand(Handed next) {
      handed = next;
    }

    @Override
    public Client client() {
      return client;
    }

    @Override
    public boolean send(Payload frame) {
      return Resumables.this.send(client.key(), call, frame);
    }

    @Override
    public void answer(Payload frame) {
      last = frame;
    }

    @Override
    public boolean lags() {
      ResumableConnection stay = here.get(client.key());
      return stay != null && stay.lags();
    }

    @Override
    public void close(int code, String reason) {
      // Whoever carries it must have the answer before the connection is no more.
      Payload answer = last;
      last = null;
      if (answer != null) {
        send(answer);
      }
      end = new End(code, reason);
    }

    @Override
    public void inFlight(@Nullable BackendCall running) {
      // The connection survives its socket, and so does its call.
    }
  }
}
