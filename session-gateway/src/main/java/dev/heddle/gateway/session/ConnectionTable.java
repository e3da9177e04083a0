package dev.heddle.gateway.session;

import com.hazelcast.map.IMap;
import dev.heddle.gateway.session.ConnectionEntry.Origin;
import dev.heddle.gateway.session.ConnectionStep.Result;
import dev.heddle.gateway.session.ConnectionStep.Step;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/**
 * The resumable connections of all gateways: who carries each, and the frames that its client has
 * not read yet, sealed. Every change is atomic and on a backup, too, before it returns; it is
 * refused to whoever does not carry the connection any more. Blocking, with UNAVAILABLE where the
 * grid does not answer; thread-safe.
 */
public final class ConnectionTable {
  private static final String IDENTITY = "identity";
  private static final String FRAME = "frame";
  private static final String HANDED = "handed";

  private final SessionGrid grid;
  private final IMap<String, ConnectionEntry> connections;
  private final AttributeCipher cipher;

  ConnectionTable(SessionGrid grid, AttributeCipher cipher) {
    this.grid = grid;
    this.connections = grid.connections();
    this.cipher = cipher;
  }

  /** What became of a change. */
  public enum Outcome {
    DONE,
    /** There is no such connection, or no more. */
    MISSING,
    /** The resume token is an old one. */
    REPLAYED,
    /** Someone else carries the connection by now. */
    FENCED,
    /** A frame of the client is in work. */
    BUSY,
    /** The client's frame was taken before; or this very step was done before. */
    DUPLICATE,
    /** It ends with the call that is in flight. */
    ENDING,
    /** A frame of the client before this one was not taken. */
    GAP,
    /** The history has no room. */
    FULL
  }

  /**
   * A gateway.
   *
   * @param member its id in the grid
   * @param address of its internal services; empty: not known
   */
  public record Carrier(String member, String address) {
    static final Carrier NONE = new Carrier("", "");
  }

  /**
   * Why a connection is over.
   *
   * @param code of a WebSocket's close, not 0
   */
  public record End(int code, String reason) {}

  /**
   * A new connection.
   *
   * @param session id of the user's cookie session
   * @param bound whether the client showed that session's cookie, and so must show it again
   * @param identity who the client is: kept sealed
   * @param handed what invocations leave for each other: kept sealed; empty: nothing
   * @param window how long it survives a socket
   * @param history bytes of frames that are kept for it, sealed; one may be larger
   */
  public record Opening(
      String app,
      String session,
      boolean bound,
      Instant connectedAt,
      byte[] identity,
      byte[] handed,
      Duration window,
      int history) {}

  /**
   * A connection as it was at some moment.
   *
   * @param identity sealed: {@link #identity} opens it
   * @param epoch counts who carried it
   * @param generation of its newest resume token
   * @param attached whether it has a socket, a stream or a waiting poll
   * @param received how many frames of the client were taken
   * @param call by which the last of them is in work; 0: none is
   * @param caller the gateway that works on it
   * @param handed sealed, of a begin, a find or a removal: {@link #handed} opens it
   * @param recovered whether the last attach found every frame that the client lacked
   * @param last offset of the last frame to the client; 0: there was none
   * @param since when it was attached or detached
   * @param active when its client last came, or sent a frame
   * @param channels that it listens to
   * @param end how it ends with the call in flight, or ended with the one that this step has ended;
   *     null: not so
   */
  public record Known(
      String app,
      String session,
      boolean bound,
      Instant connectedAt,
      byte[] identity,
      Duration window,
      Carrier carrier,
      long epoch,
      long generation,
      boolean attached,
      long received,
      long call,
      Carrier caller,
      byte[] handed,
      boolean recovered,
      long last,
      Instant since,
      Instant active,
      Set<String> channels,
      @Nullable End end) {
    /**
     * How many frames of the client are done. A frame in work may yet be given back: its client is
     * to send it again, and it is not taken twice.
     */
    public long done() {
      return call == 0 ? received : received - 1;
    }
  }

  /**
   * What a change did.
   *
   * @param known after the change, before a removal; null: missing
   * @param before of an attach
   */
  public record Change(Outcome outcome, @Nullable Known known, @Nullable Known before) {
    public boolean done() {
      return outcome == Outcome.DONE;
    }

    /** The connection, where the change was done. */
    public Known get() {
      if (known == null) {
        throw new IllegalStateException("connection: " + outcome);
      }
      return known;
    }
  }

  /** A frame that is kept. */
  public record Kept(long offset, boolean binary, byte[] bytes) {}

  /**
   * What is kept for a client.
   *
   * @param complete whether no frame is missing after the one asked for
   * @param channels that the connection listens to
   * @param epoch of whoever carries the connection now, or was the last to
   * @param attached whether its client is with that epoch
   */
  public record Missed(
      boolean complete, List<Kept> frames, Set<String> channels, long epoch, boolean attached) {}

  /** This gateway, for others that find it in the grid. */
  public Carrier self(Optional<String> internalAddress) {
    return new Carrier(grid.member(), internalAddress.orElse(""));
  }

  /** Ids of the gateways in the grid. */
  public Set<String> members() {
    return grid.memberIds();
  }

  /** Names of the nodes whose gateways are in the grid. */
  public Set<String> nodes() {
    return grid.nodes();
  }

  /** Whether a gateway is in the grid. */
  public boolean alive(Carrier carrier) {
    return grid.memberIds().contains(carrier.member());
  }

  /**
   * Makes a connection known whose first socket is about to open; its epoch is 1.
   *
   * @param polls whether its client polls, as of {@link #attach}
   */
  public Known open(ConnectionKey key, Opening opening, boolean polls, Carrier by, Instant now) {
    var origin =
        new Origin(
            opening.app(),
            opening.session(),
            opening.bound(),
            opening.connectedAt().toEpochMilli(),
            cipher.seal(key.tenant(), key.id(), IDENTITY, opening.identity()),
            opening.window().toMillis(),
            opening.history());
    var entry =
        new ConnectionEntry(origin, by, now.toEpochMilli(), sealHanded(key, opening.handed()));
    entry.polls(polls);
    return step(key, new Step.Open(entry)).get();
  }

  public Optional<Known> find(ConnectionKey key) {
    ConnectionEntry entry = SessionStore.inGrid(() -> connections.get(key.inGrid()));
    return entry == null ? Optional.empty() : Optional.of(known(entry));
  }

  /** Who the client of a connection is, as it was told at the opening. */
  public byte[] identity(ConnectionKey key, Known known) {
    return cipher.open(key.tenant(), key.id(), IDENTITY, known.identity());
  }

  /**
   * A client comes back: this gateway carries the connection from now on.
   *
   * @param token generation of its resume token
   * @param offset of the last frame that it has read
   * @param polls whether it does so by polls, and so may be between two of them: what nobody asks
   *     for does not push out what it has yet to read
   */
  public Change attach(
      ConnectionKey key, long token, long offset, boolean polls, Carrier by, Instant now) {
    return step(key, new Step.Attach(token, offset, polls, by, now.toEpochMilli()));
  }

  /**
   * A frame of the client is about to be worked on.
   *
   * @param token generation of the token that it came with; 0: over the socket of this epoch
   * @param number of the frame, from 1 on; 0: the client does not count
   * @param idempotent whether it may be asked for again if this gateway is lost
   * @param call what the work is done under, as of {@link #newId}
   */
  public Change begin(
      ConnectionKey key,
      long token,
      long epoch,
      long number,
      boolean idempotent,
      Carrier by,
      long call,
      Instant now) {
    long nowMillis = now.toEpochMilli();
    return step(key, new Step.Begin(token, epoch, number, idempotent, by, call, nowMillis));
  }

  /**
   * The work is done. Where the connection was to end with it, that is removed: then {@link
   * Known#end} says why.
   *
   * @param handed what is left for later invocations; null: what was
   * @param reply the last frame to the client, as of {@link #append}; null: there is none
   */
  public Change finish(
      ConnectionKey key, long call, byte @Nullable [] handed, @Nullable Reply reply) {
    byte[] left = handed == null ? null : sealHanded(key, handed);
    byte[] last = reply == null ? null : seal(key, reply.binary(), reply.bytes());
    return step(key, new Step.Finish(call, left, last));
  }

  /** A frame that answers one of the client. */
  public record Reply(boolean binary, byte[] bytes) {}

  /** A random id of a call or a frame; not 0. */
  public static long newId() {
    return ThreadLocalRandom.current().nextLong() | 1;
  }

  /** What invocations have left; empty: nothing. */
  public byte[] handed(ConnectionKey key, Known known) {
    return known.handed().length == 0
        ? known.handed()
        : cipher.open(key.tenant(), key.id(), HANDED, known.handed());
  }

  private byte[] sealHanded(ConnectionKey key, byte[] handed) {
    return handed.length == 0 ? handed : cipher.seal(key.tenant(), key.id(), HANDED, handed);
  }

  /**
   * The gateway that worked on a frame is gone: the frame is asked for again if it may, else the
   * client is sent the error. Ends the connection as {@link #finish} does.
   */
  public Change abandon(ConnectionKey key, long call, byte[] error) {
    return step(key, new Step.Abandon(call, seal(key, false, error)));
  }

  /**
   * Keeps a frame for the client. After that, {@link Known#last} is its offset.
   *
   * @param by the call that it is of; 0: of none
   * @return DUPLICATE where it was kept before the grid lost a member: its offset is not told; of
   *     no call: MISSING where the connection ends with the call in flight, FULL where it has no
   *     client to make room, or one that polls
   */
  public Change append(ConnectionKey key, long by, boolean binary, byte[] frame) {
    return append(key, by, newId(), binary, frame);
  }

  /**
   * As above, for who may do it more than once.
   *
   * @param id of the frame, as of {@link #newId}: one that is kept, or was lately, is DUPLICATE
   */
  public Change append(ConnectionKey key, long by, long id, boolean binary, byte[] frame) {
    return step(key, new Step.Append(by, id, seal(key, binary, frame)));
  }

  /**
   * The connection begins to listen to channels, and ends it.
   *
   * @param by who says so
   * @param most that it may listen to
   * @return FULL where there would be more, MISSING also where it ends with the call in flight,
   *     REPLAYED and FENCED where its client may not say so any more
   */
  public Change channels(ConnectionKey key, By by, Set<String> add, Set<String> remove, int most) {
    return step(key, new Step.Channels(by.token(), by.epoch(), add, remove, most));
  }

  /**
   * Who says what of a connection.
   *
   * @param token generation of the token that it came with; 0: it came without
   * @param epoch of the socket that it came over; 0: it came over none
   */
  public record By(long token, long epoch) {
    /** Somebody else than its client. */
    public static final By OTHERS = new By(0, 0);
  }

  /** The client has read up to this offset. Does not block; completes when it is done. */
  public CompletionStage<?> acknowledge(ConnectionKey key, long epoch, long offset) {
    var step = new ConnectionStep(new Step.Acknowledge(epoch, offset));
    return SessionStore.inGrid(() -> connections.submitToKey(key.inGrid(), step));
  }

  /**
   * The socket is gone: the resume window begins.
   *
   * @param sent offset of the last frame that it was given, which makes room for others while the
   *     client is away; 0: none is known to be
   * @param now when its client was last there
   */
  public Change detach(ConnectionKey key, long epoch, long sent, Instant now) {
    return step(key, new Step.Detach(epoch, sent, now.toEpochMilli()));
  }

  /** Takes over to watch what a lost gateway carried; one that had a socket is detached now. */
  public Change adopt(ConnectionKey key, Carrier lost, Carrier by, Instant now) {
    return step(key, new Step.Adopt(lost.member(), by, now.toEpochMilli()));
  }

  /** Removes the connection if its window is over. */
  public Change expire(ConnectionKey key, Instant now) {
    return step(key, new Step.Expire(now.toEpochMilli()));
  }

  /**
   * Removes the connection if this epoch still carries it; 0: in any case.
   *
   * @return ENDING where a call is in flight: no client comes back any more, and it is removed when
   *     the call is over
   */
  public Change remove(ConnectionKey key, long epoch, End how) {
    return step(key, new Step.Remove(epoch, 0, how));
  }

  /**
   * Removes the connection in the name of its client, as {@link #remove} does.
   *
   * @param token generation of its resume token
   */
  public Change removeBy(ConnectionKey key, long token, End how) {
    return step(key, new Step.Remove(0, token, how));
  }

  /** What is kept after this offset; empty: there is no such connection. */
  public Optional<Missed> missed(ConnectionKey key, long offset) {
    ConnectionEntry entry = SessionStore.inGrid(() -> connections.get(key.inGrid()));
    if (entry == null) {
      return Optional.empty();
    }
    var frames = new ArrayList<Kept>();
    long at = entry.base();
    for (byte[] sealed : entry.frames()) {
      at++;
      if (at > offset) {
        byte[] plain = cipher.open(key.tenant(), key.id(), FRAME, sealed);
        byte[] bytes = java.util.Arrays.copyOfRange(plain, 1, plain.length);
        frames.add(new Kept(at, plain[0] == 1, bytes));
      }
    }
    return Optional.of(
        new Missed(
            offset >= entry.base(), frames, entry.channels(), entry.epoch(), entry.attached()));
  }

  /** Connections whose entries this member owns: each is one member's, give or take a move. */
  public List<ConnectionKey> own() {
    return SessionStore.inGrid(() ->
        connections.localKeySet().stream()
            .filter(key -> key.indexOf('/') > 0)
            .map(ConnectionKey::of)
            .toList());
  }

  /** Connections of all gateways. */
  public int count() {
    return SessionStore.inGrid(connections::size);
  }

  private byte[] seal(ConnectionKey key, boolean binary, byte[] frame) {
    byte[] plain = new byte[frame.length + 1];
    plain[0] = (byte) (binary ? 1 : 0);
    System.arraycopy(frame, 0, plain, 1, frame.length);
    return cipher.seal(key.tenant(), key.id(), FRAME, plain);
  }

  private Change step(ConnectionKey key, Step step) {
    Result result =
        SessionStore.inGrid(() -> connections.executeOnKey(key.inGrid(), new ConnectionStep(step)));
    ConnectionEntry entry = result.entry();
    ConnectionEntry after = result.after();
    if (after != null && entry != null) {
      return new Change(result.outcome(), known(after), known(entry));
    }
    return new Change(result.outcome(), entry == null ? null : known(entry), null);
  }

  private static Known known(ConnectionEntry entry) {
    Origin origin = entry.origin();
    return new Known(
        origin.app(),
        origin.session(),
        origin.bound(),
        Instant.ofEpochMilli(origin.connectedMillis()),
        origin.identity(),
        Duration.ofMillis(origin.windowMillis()),
        entry.carrier(),
        entry.epoch(),
        entry.generation(),
        entry.attached(),
        entry.received(),
        entry.call(),
        entry.caller(),
        entry.handed(),
        entry.recovered(),
        entry.last(),
        Instant.ofEpochMilli(entry.sinceMillis()),
        Instant.ofEpochMilli(entry.activeMillis()),
        entry.channels(),
        entry.end());
  }
}
