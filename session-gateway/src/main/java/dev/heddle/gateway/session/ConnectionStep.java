package dev.heddle.gateway.session;

import com.hazelcast.map.EntryProcessor;
import com.hazelcast.nio.ObjectDataInput;
import com.hazelcast.nio.ObjectDataOutput;
import com.hazelcast.nio.serialization.IdentifiedDataSerializable;
import dev.heddle.gateway.session.ConnectionTable.Carrier;
import dev.heddle.gateway.session.ConnectionTable.End;
import dev.heddle.gateway.session.ConnectionTable.Outcome;
import java.io.IOException;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * One step of a resumable connection, on its owner's partition thread and then on the backup; once
 * more where the owner was lost before it answered. Answers with what became of it, and the
 * connection before or after.
 */
@SuppressWarnings("serial") // Serialized by the methods below, never by Java serialization.
final class ConnectionStep
    implements EntryProcessor<String, ConnectionEntry, ConnectionStep.Result>,
        IdentifiedDataSerializable {

  /** The steps; {@link ConnectionEntry} says what each means. */
  sealed interface Step {
    /** Makes the connection known. */
    record Open(ConnectionEntry entry) implements Step {}

    record Attach(long token, long offset, boolean polls, Carrier by, long nowMillis)
        implements Step {}

    record Begin(
        long token,
        long epoch,
        long number,
        boolean idempotent,
        Carrier by,
        long call,
        long nowMillis)
        implements Step {}

    /**
     * The work is done.
     *
     * @param handed null: as it was
     * @param reply null: there is none
     */
    record Finish(long call, byte @Nullable [] handed, byte @Nullable [] reply) implements Step {}

    record Abandon(long call, byte[] error) implements Step {}

    record Append(long by, long id, byte[] frame) implements Step {}

    record Acknowledge(long epoch, long offset) implements Step {}

    record Detach(long epoch, long sent, long nowMillis) implements Step {}

    record Adopt(String lost, Carrier by, long nowMillis) implements Step {}

    /** Removes it if its window is over. */
    record Expire(long nowMillis) implements Step {}

    /** Removes it, if this epoch still carries it, or for who has this token; 0: in any case. */
    record Remove(long epoch, long token, End how) implements Step {}

    record Channels(long token, long epoch, Set<String> add, Set<String> remove, int most)
        implements Step {}
  }

  /** What became of a step. */
  static final class Result implements IdentifiedDataSerializable {
    private Outcome outcome = Outcome.MISSING;
    private @Nullable ConnectionEntry entry;
    private @Nullable ConnectionEntry after;

    /** For the serializer. */
    Result() {}

    private Result(
        Outcome outcome, @Nullable ConnectionEntry entry, @Nullable ConnectionEntry after) {
      this.outcome = outcome;
      this.entry = entry;
      this.after = after;
    }

    Outcome outcome() {
      return outcome;
    }

    /** Before an attach or a removal, else after the step, without frames; null: missing. */
    @Nullable ConnectionEntry entry() {
      return entry;
    }

    /** After an attach, without frames; null: it was something else. */
    @Nullable ConnectionEntry after() {
      return after;
    }

    @Override
    public void writeData(ObjectDataOutput out) throws IOException {
      out.writeString(outcome.name());
      out.writeObject(entry);
      out.writeObject(after);
    }

    @Override
    public void readData(ObjectDataInput in) throws IOException {
      outcome = Outcome.valueOf(ConnectionEntry.text(in));
      entry = in.readObject();
      after = in.readObject();
    }

    @Override
    public int getFactoryId() {
      return GridTypes.FACTORY;
    }

    @Override
    public int getClassId() {
      return GridTypes.STEP_RESULT;
    }
  }

  private @Nullable Step step;

  /** For the serializer. */
  ConnectionStep() {}

  ConnectionStep(Step step) {
    this.step = step;
  }

  @Override
  public Result process(Map.Entry<String, ConnectionEntry> mapEntry) {
    Step todo = step;
    if (todo == null) {
      throw new IllegalStateException("connection step: empty");
    }
    ConnectionEntry entry = mapEntry.getValue();
    if (todo instanceof Step.Open(ConnectionEntry fresh)) {
      if (entry != null) {
        // Ids are random: it can only be this very connection.
        return new Result(Outcome.DONE, entry.head(false), null);
      }
      mapEntry.setValue(fresh);
      return new Result(Outcome.DONE, fresh, null);
    }
    if (entry == null) {
      return new Result(Outcome.MISSING, null, null);
    }
    ConnectionEntry before = entry.head(false);
    boolean removes = todo instanceof Step.Expire || todo instanceof Step.Remove;
    Outcome outcome = apply(todo, entry);
    boolean gone = outcome == Outcome.DONE && (removes || entry.ended());
    if (outcome == Outcome.DONE || outcome == Outcome.ENDING) {
      mapEntry.setValue(gone ? null : entry);
    }
    if (todo instanceof Step.Attach) {
      return new Result(outcome, before, entry.head(false));
    }
    boolean handed = gone || todo instanceof Step.Begin;
    return new Result(outcome, entry.head(handed), null);
  }

  private static Outcome apply(Step step, ConnectionEntry entry) {
    return switch (step) {
      case Step.Open _ -> Outcome.BUSY;
      case Step.Attach attach -> {
        Outcome outcome =
            entry.attach(attach.token(), attach.offset(), attach.by(), attach.nowMillis());
        if (outcome == Outcome.DONE) {
          entry.polls(attach.polls());
        }
        yield outcome;
      }
      case Step.Begin begin -> {
        Outcome outcome =
            entry.begin(
                begin.token(),
                begin.epoch(),
                begin.number(),
                begin.idempotent(),
                begin.by(),
                begin.call());
        if (outcome == Outcome.DONE) {
          entry.active(begin.nowMillis());
        }
        yield outcome;
      }
      case Step.Finish finish -> entry.finish(finish.call(), finish.handed(), finish.reply());
      case Step.Abandon abandon -> entry.abandon(abandon.call(), abandon.error());
      case Step.Append append -> entry.append(append.by(), append.id(), append.frame());
      case Step.Acknowledge read -> entry.acknowledge(read.epoch(), read.offset());
      case Step.Detach detach -> entry.detach(detach.epoch(), detach.sent(), detach.nowMillis());
      case Step.Adopt adopt -> entry.adopt(adopt.lost(), adopt.by(), adopt.nowMillis());
      case Step.Expire expire -> entry.over(expire.nowMillis()) ? Outcome.DONE : Outcome.BUSY;
      case Step.Remove remove -> entry.remove(remove.epoch(), remove.token(), remove.how());
      case Step.Channels change ->
          entry.channels(
              change.token(), change.epoch(), change.add(), change.remove(), change.most());
    };
  }

  @Override
  public void writeData(ObjectDataOutput out) throws IOException {
    switch (step) {
      case null -> throw new IOException("connection step: empty");
      case Step.Open open -> {
        out.writeByte(0);
        out.writeObject(open.entry());
      }
      case Step.Attach attach -> {
        out.writeByte(1);
        out.writeLong(attach.token());
        out.writeLong(attach.offset());
        out.writeBoolean(attach.polls());
        ConnectionEntry.write(out, attach.by());
        out.writeLong(attach.nowMillis());
      }
      case Step.Begin begin -> {
        out.writeByte(2);
        out.writeLong(begin.token());
        out.writeLong(begin.epoch());
        out.writeLong(begin.number());
        out.writeBoolean(begin.idempotent());
        ConnectionEntry.write(out, begin.by());
        out.writeLong(begin.call());
        out.writeLong(begin.nowMillis());
      }
      case Step.Finish finish -> {
        out.writeByte(3);
        out.writeLong(finish.call());
        out.writeByteArray(finish.handed());
        out.writeByteArray(finish.reply());
      }
      case Step.Abandon abandon -> {
        out.writeByte(4);
        out.writeLong(abandon.call());
        out.writeByteArray(abandon.error());
      }
      case Step.Append append -> {
        out.writeByte(5);
        out.writeLong(append.by());
        out.writeLong(append.id());
        out.writeByteArray(append.frame());
      }
      case Step.Acknowledge read -> {
        out.writeByte(6);
        out.writeLong(read.epoch());
        out.writeLong(read.offset());
      }
      case Step.Detach detach -> {
        out.writeByte(7);
        out.writeLong(detach.epoch());
        out.writeLong(detach.sent());
        out.writeLong(detach.nowMillis());
      }
      case Step.Adopt adopt -> {
        out.writeByte(8);
        out.writeString(adopt.lost());
        ConnectionEntry.write(out, adopt.by());
        out.writeLong(adopt.nowMillis());
      }
      case Step.Expire expire -> {
        out.writeByte(9);
        out.writeLong(expire.nowMillis());
      }
      case Step.Remove remove -> {
        out.writeByte(10);
        out.writeLong(remove.epoch());
        out.writeLong(remove.token());
        out.writeInt(remove.how().code());
        out.writeString(remove.how().reason());
      }
      case Step.Channels change -> {
        out.writeByte(11);
        out.writeLong(change.token());
        out.writeLong(change.epoch());
        ConnectionEntry.writeTexts(out, change.add());
        ConnectionEntry.writeTexts(out, change.remove());
        out.writeInt(change.most());
      }
    }
  }

  @Override
  public void readData(ObjectDataInput in) throws IOException {
    int kind = in.readByte();
    step =
        switch (kind) {
          case 0 -> new Step.Open(opened(in));
          case 1 ->
              new Step.Attach(
                  in.readLong(),
                  in.readLong(),
                  in.readBoolean(),
                  ConnectionEntry.carrier(in),
                  in.readLong());
          case 2 ->
              new Step.Begin(
                  in.readLong(),
                  in.readLong(),
                  in.readLong(),
                  in.readBoolean(),
                  ConnectionEntry.carrier(in),
                  in.readLong(),
                  in.readLong());
          case 3 -> new Step.Finish(in.readLong(), in.readByteArray(), in.readByteArray());
          case 4 -> new Step.Abandon(in.readLong(), ConnectionEntry.bytes(in));
          case 5 -> new Step.Append(in.readLong(), in.readLong(), ConnectionEntry.bytes(in));
          case 6 -> new Step.Acknowledge(in.readLong(), in.readLong());
          case 7 -> new Step.Detach(in.readLong(), in.readLong(), in.readLong());
          case 8 ->
              new Step.Adopt(ConnectionEntry.text(in), ConnectionEntry.carrier(in), in.readLong());
          case 9 -> new Step.Expire(in.readLong());
          case 10 ->
              new Step.Remove(
                  in.readLong(), in.readLong(), new End(in.readInt(), ConnectionEntry.text(in)));
          case 11 ->
              new Step.Channels(
                  in.readLong(),
                  in.readLong(),
                  ConnectionEntry.texts(in),
                  ConnectionEntry.texts(in),
                  in.readInt());
          default -> throw new IOException("connection step: " + kind + " (expected: 0..11)");
        };
  }

  private static ConnectionEntry opened(ObjectDataInput in) throws IOException {
    ConnectionEntry entry = in.readObject();
    if (entry == null) {
      throw new IOException("connection step: an opening without connection");
    }
    return entry;
  }

  @Override
  public int getFactoryId() {
    return GridTypes.FACTORY;
  }

  @Override
  public int getClassId() {
    return GridTypes.STEP;
  }
}
