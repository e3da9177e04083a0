package dev.heddle.gateway.session;

import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.core.HazelcastInstanceAware;
import com.hazelcast.map.EntryProcessor;
import com.hazelcast.map.ExtendedMapEntry;
import com.hazelcast.nio.ObjectDataInput;
import com.hazelcast.nio.ObjectDataOutput;
import com.hazelcast.nio.serialization.IdentifiedDataSerializable;
import dev.heddle.gateway.session.ChannelEntry.Era;
import dev.heddle.gateway.session.ChannelEntry.Item;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One step of a channel, on its owner's partition thread and, if it changed anything, on the
 * backup: which is told who the owner is, so that both begin the same eras.
 */
@SuppressWarnings("serial") // Serialized by the methods below, never by Java serialization.
final class ChannelStep
    implements EntryProcessor<String, ChannelEntry, ChannelStep.Result>,
        HazelcastInstanceAware,
        IdentifiedDataSerializable {
  /** What is asked for or done. */
  sealed interface Step {
    /**
     * Appends a message.
     *
     * @param mostBytes that the channel keeps
     * @param mostItems that the channel keeps
     * @param mostWeight of the channel, as its owner told the backup
     */
    record Append(
        long id, long millis, byte[] sealed, long mostBytes, int mostItems, long mostWeight)
        implements Step {}

    /**
     * Reads what comes after an offset, and makes the channel known that is not. The time to live
     * of one that never had a message begins anew: who reads may be about to listen.
     *
     * @param mostBytes of the answer
     */
    record Read(long after, long mostBytes) implements Step {}

    /**
     * Looks where the channel is; says nothing of one that is not known.
     *
     * @param keep whether its time to live begins anew
     */
    record Peek(boolean keep) implements Step {}

    /** Says what the channel weighs. */
    record Weigh() implements Step {}

    /**
     * Forgets the channel's messages, but not where it is; nothing where another came since it was
     * weighed.
     *
     * @param newestMillis as it was weighed
     */
    record Forget(long newestMillis) implements Step {}
  }

  /**
   * How long channels are kept.
   *
   * @param silentMillis those that never had a message
   */
  record Life(long millis, long silentMillis) {}

  /** The channel after the step. */
  static final class Result implements IdentifiedDataSerializable {
    private List<Era> eras = List.of();
    private long base;
    private long last;
    private long from;
    private List<Item> items = List.of();
    private long weight;
    private long newestMillis;
    private String refusal = "";

    /** For the serializer, and of a channel that is not known. */
    Result() {}

    private static Result refused(String why) {
      var result = new Result();
      result.refusal = why;
      return result;
    }

    private static Result weighed(ChannelEntry entry) {
      var result = new Result();
      result.last = entry.last();
      result.weight = entry.weight();
      result.newestMillis = entry.newestMillis();
      return result;
    }

    private Result(ChannelEntry entry, long from, List<Item> items) {
      this.eras = entry.eras();
      this.base = entry.base();
      this.last = entry.last();
      this.from = from;
      this.items = items;
    }

    List<Era> eras() {
      return eras;
    }

    long base() {
      return base;
    }

    long last() {
      return last;
    }

    /** Offset of the message before the first of the items; of an append, its own. */
    long from() {
      return from;
    }

    List<Item> items() {
      return items;
    }

    /** Of a weighing; 0: the channel is not known. */
    long weight() {
      return weight;
    }

    /** Of a weighing: when the newest message came that is kept; 0: none is. */
    long newestMillis() {
      return newestMillis;
    }

    /** Why it was not done; empty: it was. */
    String refusal() {
      return refusal;
    }

    @Override
    public void writeData(ObjectDataOutput out) throws IOException {
      ChannelEntry.writeEras(out, eras);
      out.writeLong(base);
      out.writeLong(last);
      out.writeLong(from);
      ChannelEntry.writeItems(out, items);
      out.writeLong(weight);
      out.writeLong(newestMillis);
      out.writeString(refusal);
    }

    @Override
    public void readData(ObjectDataInput in) throws IOException {
      eras = ChannelEntry.readEras(in);
      base = in.readLong();
      last = in.readLong();
      from = in.readLong();
      items = ChannelEntry.readItems(in);
      weight = in.readLong();
      newestMillis = in.readLong();
      refusal = ConnectionEntry.text(in);
    }

    @Override
    public int getFactoryId() {
      return GridTypes.FACTORY;
    }

    @Override
    public int getClassId() {
      return GridTypes.CHANNEL_RESULT;
    }
  }

  private @Nullable Step step;
  private String newEpoch = "";
  private Life life = new Life(0, 0);
  private String owner = "";
  private String own = "";

  /** Of this member; not sent. */
  private @Nullable ChannelUse use;

  /** What the backup is to do, once the owner has done it; null: nothing. Not sent. */
  private @Nullable Step there;

  /** For the serializer. */
  ChannelStep() {}

  /**
   * A step.
   *
   * @param newEpoch of the era that begins if one has to
   * @param life how long the channel is kept after it
   */
  ChannelStep(Step step, String newEpoch, Life life) {
    this(step, newEpoch, life, "");
  }

  private ChannelStep(Step step, String newEpoch, Life life, String owner) {
    this.step = step;
    this.newEpoch = newEpoch;
    this.life = life;
    this.owner = owner;
  }

  @Override
  public void setHazelcastInstance(HazelcastInstance member) {
    own = member.getCluster().getLocalMember().getUuid().toString();
    use = (ChannelUse) member.getUserContext().get(ChannelUse.CONTEXT);
  }

  @Override
  public @Nullable EntryProcessor<String, ChannelEntry, Result> getBackupProcessor() {
    Step todo = there;
    return todo == null ? null : new ChannelStep(todo, newEpoch, life, by());
  }

  private String by() {
    return owner.isEmpty() ? own : owner;
  }

  private Step todo() {
    Step todo = step;
    if (todo == null) {
      throw new IllegalStateException("channel step: empty");
    }
    return todo;
  }

  /** What is counted here; the backup does as its owner says, and counts nothing. */
  private ChannelUse use() {
    ChannelUse known = use;
    return known == null || !owner.isEmpty() ? new ChannelUse() : known;
  }

  @Override
  public Result process(Map.Entry<String, ChannelEntry> mapEntry) {
    ChannelEntry entry = mapEntry.getValue();
    return switch (todo()) {
      case Step.Append append -> append(mapEntry, entry, append);
      case Step.Read read -> read(mapEntry, entry, read);
      case Step.Peek peek -> {
        if (entry == null) {
          yield new Result();
        }
        if (peek.keep()) {
          there = peek;
          keep(mapEntry, entry);
        }
        yield new Result(entry, entry.last(), List.of());
      }
      case Step.Weigh _ -> entry == null ? new Result() : Result.weighed(entry);
      case Step.Forget forget -> {
        // The backup forgets what its owner did, whatever it has.
        if (entry != null && (!owner.isEmpty() || entry.newestMillis() == forget.newestMillis())) {
          there = forget;
          long before = entry.weight();
          entry.forget();
          use().add(tenant(mapEntry), entry.weight() - before, 0, 0);
          keep(mapEntry, entry);
        }
        yield new Result();
      }
    };
  }

  private Result append(
      Map.Entry<String, ChannelEntry> mapEntry, @Nullable ChannelEntry known, Step.Append append) {
    String tenant = tenant(mapEntry);
    ChannelEntry entry = known == null ? new ChannelEntry() : known;
    boolean first = entry.last() == 0;
    long before = known == null ? 0 : entry.weight();
    // A backup that lacks what was appended before is to keep what its owner does.
    long most = owner.isEmpty() ? before : append.mostWeight();
    if (owner.isEmpty() && entry.find(append.id()) == null) {
      String refusal = first ? use().refusal(tenant, true) : "";
      long room = use().room(tenant);
      // It may take the place of its own older messages, and what is free.
      most = before > Long.MAX_VALUE - Math.max(0, room) ? room : before + Math.max(0, room);
      long least = ChannelEntry.OWN_WEIGHT + ChannelEntry.weight(append.sealed());
      if (refusal.isEmpty() && least > most) {
        refusal = use().full();
      }
      if (!refusal.isEmpty()) {
        return Result.refused(refusal);
      }
    }
    there =
        new Step.Append(
            append.id(),
            append.millis(),
            append.sealed(),
            append.mostBytes(),
            append.mostItems(),
            most);
    ChannelPosition at =
        entry.append(
            by(),
            newEpoch,
            append.id(),
            append.millis(),
            append.sealed(),
            append.mostBytes(),
            append.mostItems(),
            most);
    use().add(tenant, entry.weight() - before, first ? 1 : 0, first && known != null ? -1 : 0);
    keep(mapEntry, entry);
    var bare = new Item(append.id(), at.epoch(), append.millis(), new byte[0]);
    return new Result(entry, at.offset(), List.of(bare));
  }

  private Result read(
      Map.Entry<String, ChannelEntry> mapEntry, @Nullable ChannelEntry known, Step.Read read) {
    ChannelEntry entry = known;
    if (entry == null) {
      String refusal = owner.isEmpty() ? use().refusal(tenant(mapEntry), false) : "";
      if (!refusal.isEmpty()) {
        return Result.refused(refusal);
      }
      entry = new ChannelEntry();
      entry.begin(by(), newEpoch);
      // The backup has to know it too, but need not send the answer once more.
      there = new Step.Read(Long.MAX_VALUE, 0);
      use().add(tenant(mapEntry), entry.weight(), 0, 1);
      keep(mapEntry, entry);
    } else if (entry.last() == 0) {
      there = new Step.Peek(true);
      keep(mapEntry, entry);
    }
    long from = Math.max(entry.base(), Math.min(read.after(), entry.last()));
    return new Result(entry, from, entry.after(from, read.mostBytes()));
  }

  private static String tenant(Map.Entry<String, ChannelEntry> mapEntry) {
    return ChannelKey.of(mapEntry.getKey()).tenant();
  }

  private void keep(Map.Entry<String, ChannelEntry> mapEntry, ChannelEntry entry) {
    long millis = entry.last() == 0 ? life.silentMillis() : life.millis();
    ((ExtendedMapEntry<String, ChannelEntry>) mapEntry)
        .setValue(entry, millis, TimeUnit.MILLISECONDS);
  }

  @Override
  public void writeData(ObjectDataOutput out) throws IOException {
    out.writeString(newEpoch);
    out.writeLong(life.millis());
    out.writeLong(life.silentMillis());
    out.writeString(owner);
    switch (step) {
      case null -> throw new IOException("channel step: empty");
      case Step.Append append -> {
        out.writeByte(0);
        out.writeLong(append.id());
        out.writeLong(append.millis());
        out.writeByteArray(append.sealed());
        out.writeLong(append.mostBytes());
        out.writeInt(append.mostItems());
        out.writeLong(append.mostWeight());
      }
      case Step.Read read -> {
        out.writeByte(1);
        out.writeLong(read.after());
        out.writeLong(read.mostBytes());
      }
      case Step.Peek peek -> {
        out.writeByte(2);
        out.writeBoolean(peek.keep());
      }
      case Step.Weigh _ -> out.writeByte(3);
      case Step.Forget forget -> {
        out.writeByte(4);
        out.writeLong(forget.newestMillis());
      }
    }
  }

  @Override
  public void readData(ObjectDataInput in) throws IOException {
    newEpoch = ConnectionEntry.text(in);
    life = new Life(in.readLong(), in.readLong());
    owner = ConnectionEntry.text(in);
    int kind = in.readByte();
    step =
        switch (kind) {
          case 0 ->
              new Step.Append(
                  in.readLong(),
                  in.readLong(),
                  ConnectionEntry.bytes(in),
                  in.readLong(),
                  in.readInt(),
                  in.readLong());
          case 1 -> new Step.Read(in.readLong(), in.readLong());
          case 2 -> new Step.Peek(in.readBoolean());
          case 3 -> new Step.Weigh();
          case 4 -> new Step.Forget(in.readLong());
          default -> throw new IOException("channel step: " + kind + " (expected: 0..4)");
        };
  }

  @Override
  public int getFactoryId() {
    return GridTypes.FACTORY;
  }

  @Override
  public int getClassId() {
    return GridTypes.CHANNEL_STEP;
  }
}
