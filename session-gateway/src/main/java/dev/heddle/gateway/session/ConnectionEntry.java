package dev.heddle.gateway.session;

import com.hazelcast.nio.ObjectDataInput;
import com.hazelcast.nio.ObjectDataOutput;
import com.hazelcast.nio.serialization.IdentifiedDataSerializable;
import dev.heddle.gateway.session.ConnectionTable.Carrier;
import dev.heddle.gateway.session.ConnectionTable.End;
import dev.heddle.gateway.session.ConnectionTable.Outcome;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
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
 *
 * <p>Calls and frames have random ids: a step runs once more where its partition's owner was lost
 * before it answered, and must then find what it did.
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

  /** So many of the last frames are known again that are appended twice: 8 bytes each. */
  static final int MOST_REPEATED = 64;

  /** No deadline is longer. */
  private static final long LONGEST_CALL_MILLIS = 3_600_000;

  private Origin origin = new Origin("", "", false, 0, new byte[0], 0, 0);
  private Carrier carrier = Carrier.NONE;
  private long epoch;
  private long generation;
  private long used;
  private boolean attached;
  private boolean polls;
  private long sinceMillis;
  private long received;
  private Carrier caller = Carrier.NONE;
  private long call;
  private boolean callAgain;
  private long activeMillis;
  private long finished;
  private @Nullable End end;
  private byte[] handed = new byte[0];
  private boolean recovered = true;
  private long base;
  private long bytes;

  /** Ids of the last frames, kept or not, oldest first. */
  private long[] newest = {};

  private long delivered;
  private final ArrayDeque<Frame> frames = new ArrayDeque<>();
  private final TreeSet<String> channels = new TreeSet<>();

  /** A frame to the client, sealed. */
  private record Frame(long id, byte[] sealed) {}

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
    this.activeMillis = nowMillis;
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

  /** Whether it is attached by polls: no poll of it may wait at the moment. */
  void polls(boolean does) {
    polls = does;
  }

  /** When it was attached or detached. */
  long sinceMillis() {
    return sinceMillis;
  }

  /** When its client last came, or sent a frame. */
  long activeMillis() {
    return activeMillis;
  }

  /** The client has sent a frame. */
  void active(long nowMillis) {
    activeMillis = Math.max(activeMillis, nowMillis);
  }

  /** The last frame of the client that was taken. */
  long received() {
    return received;
  }

  /** The id of the call by which a frame of the client is in work; 0: none is. */
  long call() {
    return call;
  }

  /** How it ends with the call that is in work; null: it goes on. */
  @Nullable End end() {
    return end;
  }

  /** Whether it was to end with a call, and the call is over. */
  boolean ended() {
    return end != null && call == 0;
  }

  /** What invocations left for later ones, sealed; empty: nothing. */
  byte[] handed() {
    return handed;
  }

  /** The channels that it listens to. */
  Set<String> channels() {
    return Set.copyOf(channels);
  }

  /**
   * It begins to listen to channels, and ends it.
   *
   * @param token generation of the token that its client shows; 0: none
   * @param socketEpoch of the socket that its client says it over; 0: none
   * @param most that it may listen to
   * @return FULL, and all is as it was, where there would be more
   */
  Outcome channels(long token, long socketEpoch, Set<String> add, Set<String> remove, int most) {
    if (end != null) {
      return Outcome.MISSING;
    }
    boolean replayed = token > 0 && !good(token);
    if (replayed || (socketEpoch > 0 && socketEpoch != epoch)) {
      return replayed ? Outcome.REPLAYED : Outcome.FENCED;
    }
    var after = new TreeSet<>(channels);
    after.removeAll(remove);
    after.addAll(add);
    if (after.size() > most) {
      return Outcome.FULL;
    }
    channels.clear();
    channels.addAll(after);
    return Outcome.DONE;
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
    var sealed = new ArrayList<byte[]>(frames.size());
    frames.forEach(frame -> sealed.add(frame.sealed()));
    return sealed;
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
    head.polls = polls;
    head.received = received;
    head.caller = caller;
    head.call = call;
    head.callAgain = callAgain;
    head.activeMillis = activeMillis;
    head.end = end;
    head.recovered = recovered;
    head.base = last();
    head.delivered = delivered;
    head.channels.addAll(channels);
    return head;
  }

  private boolean good(long token) {
    return token >= Math.max(1, used) && token <= generation;
  }

  /** A client comes back, and has read up to {@code offset}. */
  Outcome attach(long token, long offset, Carrier by, long nowMillis) {
    if (end != null) {
      return Outcome.MISSING;
    }
    if (!good(token)) {
      return Outcome.REPLAYED;
    }
    epoch++;
    generation++;
    used = token;
    carrier = by;
    attached = true;
    polls = false;
    delivered = 0;
    sinceMillis = nowMillis;
    active(nowMillis);
    recovered = offset >= base && offset <= last();
    // Every missed frame, or none: a part of them would look like all.
    trim(recovered ? offset : last());
    return Outcome.DONE;
  }

  private void trim(long offset) {
    while (base < offset && !frames.isEmpty()) {
      bytes -= frames.removeFirst().sealed().length;
      base++;
    }
  }

  /**
   * A frame of the client is about to be worked on.
   *
   * @param token generation of the token that it came with; 0: it came over the socket of {@code
   *     socketEpoch}
   * @param number of the frame, from 1 on; 0: the client does not count
   * @param id of the call
   */
  Outcome begin(
      long token, long socketEpoch, long number, boolean idempotent, Carrier by, long id) {
    if (call == id) {
      return Outcome.DONE;
    }
    if (end != null) {
      return Outcome.MISSING;
    }
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
    call = id;
    caller = by;
    // Who does not count its frames does not know which to send again.
    callAgain = idempotent && number > 0;
    return Outcome.DONE;
  }

  /**
   * A call is done.
   *
   * @param left for later invocations, sealed; null: as it was
   * @param reply its last frame for the client, sealed; null: there is none
   */
  Outcome finish(long id, byte @Nullable [] left, byte @Nullable [] reply) {
    if (call != id || id == finished) {
      return id == finished ? Outcome.DUPLICATE : Outcome.FENCED;
    }
    if (left != null) {
      handed = left;
    }
    if (reply != null) {
      keep(id, reply);
    }
    finished = id;
    callIsOver();
    return Outcome.DONE;
  }

  private void callIsOver() {
    call = 0;
    caller = Carrier.NONE;
  }

  /** Who worked on a frame is gone: it is to be sent again if it may, else the client is told. */
  Outcome abandon(long id, byte[] error) {
    if (call != id) {
      return Outcome.FENCED;
    }
    if (callAgain) {
      received--;
    } else {
      keep(id, error);
    }
    callIsOver();
    return Outcome.DONE;
  }

  /**
   * It is to be removed.
   *
   * @param byEpoch that may say so; 0: any
   * @param byToken generation of the resume token of who says so; 0: somebody else does
   * @return ENDING where a call is in flight: whoever ends that removes it
   */
  Outcome remove(long byEpoch, long byToken, End how) {
    if (byToken != 0 && !good(byToken)) {
      return Outcome.REPLAYED;
    }
    if (byEpoch != 0 && byEpoch != epoch) {
      return Outcome.FENCED;
    }
    if (call == 0) {
      return Outcome.DONE;
    }
    if (end == null) {
      end = how;
    }
    return Outcome.ENDING;
  }

  /**
   * A frame for the client.
   *
   * @param by the call that it is of; 0: of none
   * @return DUPLICATE for an id that was kept before
   */
  Outcome append(long by, long id, byte[] frame) {
    if (Arrays.stream(newest).anyMatch(each -> each == id)
        || frames.stream().anyMatch(each -> each.id() == id)) {
      return Outcome.DUPLICATE;
    }
    if (by != 0 && by != call) {
      return Outcome.FENCED;
    }
    if (by == 0 && (end != null || ((!attached || polls) && !hasRoom(frame.length)))) {
      return end != null ? Outcome.MISSING : Outcome.FULL;
    }
    keep(id, frame);
    return Outcome.DONE;
  }

  /** Whether a frame pushes out none that was never on its way to the client. */
  private boolean hasRoom(int more) {
    long waiting = more;
    long at = base;
    for (Frame frame : frames) {
      at++;
      waiting += at > delivered ? frame.sealed().length : 0;
    }
    return waiting <= origin.historyBytes() || waiting == more;
  }

  private void keep(long id, byte[] frame) {
    int from = newest.length < MOST_REPEATED ? 0 : 1;
    newest = Arrays.copyOfRange(newest, from, newest.length + 1);
    newest[newest.length - 1] = id;
    frames.addLast(new Frame(id, frame));
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

  /**
   * The socket is gone.
   *
   * @param sent offset of the last frame that it was given: the client may have it
   */
  Outcome detach(long socketEpoch, long sent, long nowMillis) {
    if (socketEpoch != epoch || !attached) {
      return Outcome.FENCED;
    }
    attached = false;
    delivered = Math.min(sent, last());
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
      // Should it live after all, its stay is fenced, and its client has to come back.
      epoch++;
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
    out.writeBoolean(polls);
    out.writeLong(sinceMillis);
    out.writeLong(received);
    write(out, caller);
    out.writeLong(call);
    out.writeBoolean(callAgain);
    out.writeLong(activeMillis);
    out.writeLong(finished);
    End how = end;
    out.writeInt(how == null ? 0 : how.code());
    out.writeString(how == null ? "" : how.reason());
    out.writeByteArray(handed);
    out.writeBoolean(recovered);
    out.writeLong(base);
    out.writeLongArray(newest);
    out.writeLong(delivered);
    out.writeInt(frames.size());
    for (Frame frame : frames) {
      out.writeLong(frame.id());
      out.writeByteArray(frame.sealed());
    }
    writeTexts(out, channels);
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
    polls = in.readBoolean();
    sinceMillis = in.readLong();
    received = in.readLong();
    caller = carrier(in);
    call = in.readLong();
    callAgain = in.readBoolean();
    activeMillis = in.readLong();
    finished = in.readLong();
    int code = in.readInt();
    String reason = text(in);
    end = code == 0 ? null : new End(code, reason);
    handed = bytes(in);
    recovered = in.readBoolean();
    base = in.readLong();
    long[] ids = in.readLongArray();
    newest = ids == null ? new long[0] : ids;
    delivered = in.readLong();
    for (int left = in.readInt(); left > 0; left--) {
      var frame = new Frame(in.readLong(), bytes(in));
      frames.addLast(frame);
      bytes += frame.sealed().length;
    }
    channels.addAll(texts(in));
  }

  static void writeTexts(ObjectDataOutput out, Set<String> texts) throws IOException {
    out.writeInt(texts.size());
    for (String text : texts) {
      out.writeString(text);
    }
  }

  static Set<String> texts(ObjectDataInput in) throws IOException {
    var texts = new TreeSet<String>();
    for (int left = in.readInt(); left > 0; left--) {
      texts.add(text(in));
    }
    return texts;
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
