package dev.heddle.gateway.connection;

import dev.heddle.gateway.backend.BackendCall;
import dev.heddle.gateway.backend.PeersGrpcClient;
import dev.heddle.gateway.connection.Frames.Incoming;
import dev.heddle.gateway.session.ConnectionKey;
import dev.heddle.gateway.session.ConnectionTable;
import dev.heddle.gateway.session.ConnectionTable.Carrier;
import dev.heddle.gateway.session.ConnectionTable.Change;
import dev.heddle.gateway.session.ConnectionTable.Known;
import dev.heddle.gateway.session.ConnectionTable.Opening;
import dev.heddle.gateway.session.ConnectionTable.Outcome;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.Threads;
import java.time.Clock;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
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
  private final Tokens tokens;
  private final Frames frames;
  private final PeersGrpcClient peers;
  private final ResumeConfig config;
  private final int most;
  private final Supplier<Optional<String>> internalAddress;
  private final Clock clock;
  private final Calls calls;
  private final Windows windows;
  private final ThreadFactory threads = Threads.virtual("heddle-take-over");
  private final ConcurrentHashMap<ConnectionKey, ResumableConnection> here =
      new ConcurrentHashMap<>();

  /**
   * What this gateway knows of them.
   *
   * @param most connections that are here, or were here and wait for their clients
   */
  Resumables(
      ConnectionTable table,
      Tokens tokens,
      Frames frames,
      PeersGrpcClient peers,
      ResumeConfig config,
      int most,
      Supplier<Optional<String>> internalAddress,
      Clock clock) {
    this.table = table;
    this.tokens = tokens;
    this.frames = frames;
    this.peers = peers;
    this.config = config;
    this.most = most;
    this.internalAddress = internalAddress;
    this.clock = clock;
    this.calls = new Calls(table, peers, this::self, config.takeOver());
    this.windows = new Windows(table, frames, this::self, calls::lost, clock);
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
  void requireRoom() {
    if (here.size() + windows.watched() >= most) {
      throw new HeddleException(
          ErrorCode.LIMIT_REACHED,
          "connections: " + most + " here or waiting for their clients (expected: fewer)");
    }
  }

  /** A new connection, whose client has been let in. */
  ResumableConnection open(Entrance.Guest guest, Duration window) {
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
    Known known = table.open(client.key(), opening, self(), clock.instant());
    return stay(client, known, 0);
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
    Change change = table.attach(key, resume.generation(), offset, self(), clock.instant());
    Known before = change.before();
    if (!change.done() || before == null) {
      throw refusal(change.outcome());
    }
    Known now = change.get();
    long from = now.recovered() ? offset : now.last();
    ResumableConnection old = here.get(key);
    ResumableConnection stay = stay(Client.of(table, key, now), now, from);
    if (old != null) {
      old.close(CloseCodes.REPLACED, "replaced");
    }
    if (before.attached() && elsewhere(before.carrier())) {
      threads
          .newThread(() -> peers.replaced(before.carrier().address(), key, before.epoch()))
          .start();
    }
    return new Resumed(stay, now, from);
  }

  private ResumableConnection stay(Client client, Known known, long offset) {
    ConnectionKey key = client.key();
    var stay =
        new ResumableConnection(
            client, known.epoch(), tokens.resume(key, known.generation()), offset, table);
    here.put(key, stay);
    windows.forget(key);
    return stay;
  }

  private boolean elsewhere(Carrier carrier) {
    return !carrier.member().equals(self().member()) && table.alive(carrier);
  }

  static HeddleException refusal(Outcome outcome) {
    return switch (outcome) {
      case MISSING ->
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
    var replies = new CallReplies(client, begun.epoch(), Handed.of(begun.handed()));
    Handed before = replies.handed();
    try {
      frames.handle(replies, incoming);
    } finally {
      calls.finish(key, begun, before, replies.handed());
    }
    return begun.received();
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
    if (!change.done()) {
      log.info("frame refused connection={} outcome={}", key.id(), change.outcome());
      return false;
    }
    Known known = change.get();
    ResumableConnection stay = here.get(key);
    if (stay != null && stay.epoch() == known.epoch()) {
      stay.appended(known.last(), frame);
    } else if (known.attached() && elsewhere(known.carrier())) {
      var _ = peers.wake(known.carrier().address(), key);
    }
    return true;
  }

  /** The client has read up to this offset. */
  void acknowledge(ResumableConnection stay, long offset) {
    table.acknowledge(stay.key(), stay.epoch(), offset);
  }

  /** A transport is gone: the resume window begins. */
  void detached(ResumableConnection stay) {
    ConnectionKey key = stay.key();
    here.remove(key, stay);
    try {
      Change change = table.detach(key, stay.epoch(), clock.instant());
      if (change.done()) {
        windows.watch(key, change.get());
      }
    } catch (HeddleException e) {
      // Who owns its entry finds it, once this gateway has left the grid or by the next look.
      log.warn("not detached connection={} error={}", key.id(), e.toString());
    }
  }

  /** Ends a connection for good; the app is told, once. */
  void end(ConnectionKey key, long epoch, int code, String reason) {
    end(key, epoch, code, reason, Optional.empty());
  }

  /**
   * As above.
   *
   * @param left what the last invocation has left, where the grid does not know it yet
   */
  private void end(ConnectionKey key, long epoch, int code, String reason, Optional<Handed> left) {
    Change change = table.remove(key, epoch);
    if (!change.done()) {
      return;
    }
    Known known = change.get();
    ResumableConnection stay = here.remove(key);
    if (stay != null) {
      stay.close(code, reason);
    } else if (known.attached() && elsewhere(known.carrier())) {
      // It finds that there is no connection any more.
      var _ = peers.wake(known.carrier().address(), key);
    }
    windows.forget(key);
    Handed handed = left.orElseGet(() -> Handed.of(table.handed(key, known)));
    frames.disconnected(Client.of(table, key, known), code, reason, handed);
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

  /** Where the answers to one frame go: into the grid, under the frame's call. */
  private final class CallReplies implements Replies {
    private final Client client;
    private final long call;
    private volatile Handed handed;

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
    public boolean lags() {
      ResumableConnection stay = here.get(client.key());
      return stay != null && stay.lags();
    }

    @Override
    public void close(int code, String reason) {
      end(client.key(), 0, code, reason, Optional.of(handed));
    }

    @Override
    public void inFlight(@Nullable BackendCall running) {
      // The connection survives its socket, and so does its call.
    }
  }
}
