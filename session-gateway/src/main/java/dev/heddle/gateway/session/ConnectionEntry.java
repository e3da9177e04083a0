package dev.heddle.gateway.session;

import com.hazelcast.nio.ObjectDataInput;
import com.hazelcast.nio.ObjectDataOutput;
import com.hazelcast.nio.serialization.IdentifiedDataSerializable;
import dev.heddle.gateway.session.ConnectionTable.Carrier;
import dev.heddle.gateway.session.ConnectionTable.Outcome;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One resumable connection in the grid, and what may become of it: a state machine that entry
 * processors drive, one step at a time. Owned by whoever deserialized it: a reader's copy, or the
 * partition thread that runs a step.
 *
 * <p>The <i>epoch</i> counts who carried the connection: whoever was replaced is fenced by it. The
 * <i>generation</i> counts resume tokens: a token is good once, but the one before the newest stays
 * good until the newest has been used, as its client may never have received it. Frames to the
 * client have <i>offsets</i> from 1 on; those above {@code base} are kept until the client has
 * acknowledged them, within {@code historyBytes}.
 */
final class ConnectionEntry implements IdentifiedDataSerializable {
  /**
   * What never changes.
   *
   * @param session id of the user's cookie session
   * @param bound whether the client showed that session's cookie, and so must show it again
   * @param identity who the client is, sealed
   */
  record Origin(
      String app,
      String session,
      boolean bound,
      long connectedMillis,
      byte[] identity,
      long windowMillis,
      int historyBytes) {}

  /** No deadline is longer. */
  private static final long LONGEST_CALL_MILLIS = 3_600_000;

  private Origin origin = new Origin("", "", false, 0, new byte[0], 0, 0);
  private Carrier carrier = Carrier.NONE;
  private long epoch;
  private long generation;
  private long used;
  private boolean attached;
  private long sinceMillis;
  private long received;
  private Carrier caller = Carrier.NONE;
  private long call;
  private boolean callIdempotent;
  private byte[] handed = new byte[0];
  private boolean recovered = true;
  private long base;
  private long bytes;
  private final ArrayDeque<byte[]> frames = new ArrayDeque<>();

  /** For the serializer. */
  ConnectionEntry() {}

  /** A connection whose first socket is about to open. */
  ConnectionEntry(Origin origin, Carrier carrier, long nowMillis, byte[] handed) {
    this.handed = handed;
    this.origin = origin;
    this.carrier = carrier;
    this.epoch = 1;
    this.generation = 1;
    this.attached = true;
    this.sinceMillis = nowMillis;
  }

  Origin origin() {
    return origin;
  }

  Carrier carrier() {
    return carrier;
  }

  Carrier caller() {
    return caller;
  }

  long epoch() {
    return epoch;
  }

  long generation() {
    return generation;
  }

  boolean attached() {
    return attached;
  }

  /** When it was attached or detached. */
  long sinceMillis() {
    return sinceMillis;
  }

  /** The last frame of the client that was taken. */
  long received() {
    return received;
  }

  /** The epoch under which a frame of the client is in work; 0: none is. */
  long call() {
    return call;
  }

  /** What invocations left for later ones, sealed; empty: nothing. */
  byte[] handed() {
    return handed;
  }

  /** Whether the last attach found every frame that the client lacks. */
  boolean recovered() {
    return recovered;
  }

  /** The last offset that is not kept. */
  long base() {
    return base;
  }

  long last() {
    return base + frames.size();
  }

  /** What is kept, sealed, from {@code base + 1} on. */
  List<byte[]> frames() {
    return new ArrayList<>(frames);
  }

  /**
   * All but the frames: as small as an answer may be. {@code last()} becomes {@code base()}.
   *
   * @param withHanded whether what invocations left is wanted
   */
  ConnectionEntry head(boolean withHanded) {
    byte[] left = withHanded ? handed : new byte[0];
    var head = new ConnectionEntry(origin, carrier, sinceMillis, left);
    head.epoch = epoch;
    head.generation = generation;
    head.used = used;
    head.attached = attached;
    head.received = received;
    head.caller = caller;
    head.call = call;
    head.callIdempotent = callIdempotent;
    head.recovered = recovered;
    head.base = last();
    return head;
  }

  private boolean good(long token) {
    return token >= Math.max(1, used) && token <= generation;
  }

  /** A client comes back, and has read up to {@code offset}. */
  Outcome attach(long token, long offset, Carrier by, long nowMillis) {
    if (!good(token)) {
      return Outcome.REPLAYED;
    }
    epoch++;
    generation++;
    used = token;
    carrier = by;
    attached = true;
    sinceMillis = nowMillis;
    recovered = offset >= base && offset <= last();
    // Every missed frame, or none: a part of them would look like all.
    trim(recovered ? offset : last());
    return Outcome.DONE;
  }

  private void trim(long offset) {
    while (base < offset && !frames.isEmpty()) {
      bytes -= frames.removeFirst().length;
      base++;
    }
  }

  /**
   * A frame of the client is about to be worked on.
   *
   * @param token generation of the token that it came with; 0: it came over the socket of {@code
   *     socketEpoch}
   * @param number of the frame, from 1 on; 0: the client does not count
   */
  Outcome begin(long token, long socketEpoch, long number, boolean idempotent, Carrier by) {
    if (token > 0 ? !good(token) : socketEpoch != epoch) {
      return token > 0 ? Outcome.REPLAYED : Outcome.FENCED;
    }
    if (call != 0) {
      return Outcome.BUSY;
    }
    used = token == 0 ? generation : token;
    if (number > 0 && number != received + 1) {
      return number <= received ? Outcome.DUPLICATE : Outcome.GAP;
    }
    received++;
    call = epoch;
    caller = by;
    callIdempotent = idempotent;
    return Outcome.DONE;
  }

  /**
   * The work that began under this epoch is done.
   *
   * @param left for later invocations, sealed; null: as it was
   */
  Outcome finish(long callEpoch, byte @Nullable [] left) {
    if (call != callEpoch) {
      return Outcome.FENCED;
    }
    if (left != null) {
      handed = left;
    }
    call = 0;
    caller = Carrier.NONE;
    return Outcome.DONE;
  }

  /** Who worked on a frame is gone: it is to be sent again if it may, else the client is told. */
  Outcome abandon(long callEpoch, byte[] error) {
    boolean again = callIdempotent;
    if (finish(callEpoch, null) != Outcome.DONE) {
      return Outcome.FENCED;
    }
    if (again) {
      received--;
    } else {
      keep(error);
    }
    return Outcome.DONE;
  }

  /**
   * A frame for the client.
   *
   * @param by epoch of the socket or call that it is of; 0: anybody's
   */
  Outcome append(long by, byte[] frame) {
    if (by != 0 && by != epoch && by != call) {
      return Outcome.FENCED;
    }
    if (by == 0 && !attached && !frames.isEmpty() && bytes + frame.length > origin.historyBytes()) {
      return Outcome.FULL;
    }
    keep(frame);
    return Outcome.DONE;
  }

  private void keep(byte[] frame) {
    frames.addLast(frame);
    bytes += frame.length;
    while (frames.size() > 1 && bytes > origin.historyBytes()) {
      trim(base + 1);
    }
  }

  /** The client has read up to here. */
  Outcome acknowledge(long socketEpoch, long offset) {
    if (socketEpoch != epoch) {
      return Outcome.FENCED;
    }
    used = generation;
    trim(Math.min(offset, last()));
    return Outcome.DONE;
  }

  /** The socket is gone. */
  Outcome detach(long socketEpoch, long nowMillis) {
    if (socketEpoch != epoch || !attached) {
      return Outcome.FENCED;
    }
    attached = false;
    sinceMillis = nowMillis;
    return Outcome.DONE;
  }

  /** The gateway that carried it is gone: another one watches it now. */
  Outcome adopt(String lost, Carrier by, long nowMillis) {
    if (!carrier.member().equals(lost)) {
      return Outcome.FENCED;
    }
    carrier = by;
    if (attached) {
      attached = false;
      sinceMillis = nowMillis;
    }
    return Outcome.DONE;
  }

  /** Whether its window is over, and nothing is in work for it, or nobody says any more what is. */
  boolean over(long nowMillis) {
    long left = origin.windowMillis() + (call == 0 ? 0 : LONGEST_CALL_MILLIS);
    return !attached && nowMillis - sinceMillis >= left;
  }

  @Override
  public void writeData(ObjectDataOutput out) throws IOException {
    out.writeString(origin.app());
    out.writeString(origin.session());
    out.writeBoolean(origin.bound());
    out.writeLong(origin.connectedMillis());
    out.writeByteArray(origin.identity());
    out.writeLong(origin.windowMillis());
    out.writeInt(origin.historyBytes());
    write(out, carrier);
    out.writeLong(epoch);
    out.writeLong(generation);
    out.writeLong(used);
    out.writeBoolean(attached);
    out.writeLong(sinceMillis);
    out.writeLong(received);
    write(out, caller);
    out.writeLong(call);
    out.writeBoolean(callIdempotent);
    out.writeByteArray(handed);
    out.writeBoolean(recovered);
    out.writeLong(base);
    out.writeInt(frames.size());
    for (byte[] frame : frames) {
      out.writeByteArray(frame);
    }
  }

  @Override
  public void readData(ObjectDataInput in) throws IOException {
    origin =
        new Origin(
            text(in),
            text(in),
            in.readBoolean(),
            in.readLong(),
            bytes(in),
            in.readLong(),
            in.readInt());
    carrier = carrier(in);
    epoch = in.readLong();
    generation = in.readLong();
    used = in.readLong();
    attached = in.readBoolean();
    sinceMillis = in.readLong();
    received = in.readLong();
    caller = carrier(in);
    call = in.readLong();
    callIdempotent = in.readBoolean();
    handed = bytes(in);
    recovered = in.readBoolean();
    base = in.readLong();
    for (int left = in.readInt(); left > 0; left--) {
      byte[] frame = bytes(in);
      frames.addLast(frame);
      bytes += frame.length;
    }
  }

  static void write(ObjectDataOutput out, Carrier carrier) throws IOException {
    out.writeString(carrier.member());
    out.writeString(carrier.address());
  }

  static Carrier carrier(ObjectDataInput in) throws IOException {
    return new Carrier(text(in), text(in));
  }

  static String text(ObjectDataInput in) throws IOException {
    String text = in.readString();
    if (text == null) {
      throw new IOException("connection: a text is missing");
    }
    return text;
  }

  static byte[] bytes(ObjectDataInput in) throws IOException {
    byte[] bytes = in.readByteArray();
    if (bytes == null) {
      throw new IOException("connection: bytes are missing");
    }
    return bytes;
  }

  @Override
  public int getFactoryId() {
    return GridTypes.FACTORY;
  }

  @Override
  public int getClassId() {
    return GridTypes.CONNECTION;
  }
}
