package dev.heddle.gateway.session;

import com.hazelcast.map.EntryProcessor;
import com.hazelcast.map.ExtendedMapEntry;
import com.hazelcast.nio.ObjectDataInput;
import com.hazelcast.nio.ObjectDataOutput;
import com.hazelcast.nio.serialization.IdentifiedDataSerializable;
import java.io.IOException;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * What a gateway says of who is in a channel, on the entry's owner and backup. Answers with a
 * digest of the connections that are known of the gateway.
 */
@SuppressWarnings("serial") // Serialized by the methods below, never by Java serialization.
final class PresenceStep
    implements EntryProcessor<String, PresenceEntry, Long>, IdentifiedDataSerializable {
  /** What it says. */
  sealed interface Step {
    /**
     * Some are there, and some are not any more.
     *
     * @param who is there, sealed, by connection
     * @param gone ids of those that have left
     * @param all whether nobody is there besides
     */
    record Tell(Map<String, byte[]> who, Set<String> gone, boolean all) implements Step {}

    record Renew() implements Step {}
  }

  private String member = "";
  private long untilMillis;
  private long nowMillis;
  private @Nullable Step step;

  /** For the serializer. */
  PresenceStep() {}

  /** The gateway's lease lasts until then. */
  PresenceStep(String member, long untilMillis, long nowMillis, Step step) {
    this.member = member;
    this.untilMillis = untilMillis;
    this.nowMillis = nowMillis;
    this.step = step;
  }

  @Override
  public Long process(Map.Entry<String, PresenceEntry> mapEntry) {
    PresenceEntry entry = mapEntry.getValue();
    if (entry == null) {
      entry = new PresenceEntry();
    }
    switch (step) {
      case null -> throw new IllegalStateException("presence step: empty");
      case Step.Tell tell -> {
        if (tell.all()) {
          entry.clear(member);
        }
        entry.leave(member, tell.gone());
        entry.join(member, tell.who(), untilMillis);
      }
      case Step.Renew _ -> {}
    }
    long known = entry.renew(member, untilMillis, nowMillis);
    if (entry.leases().isEmpty()) {
      mapEntry.setValue(null);
    } else {
      // Where all gateways are lost that might sweep it, it goes by itself.
      long millis = 2 * Math.max(1_000, untilMillis - nowMillis);
      ((ExtendedMapEntry<String, PresenceEntry>) mapEntry)
          .setValue(entry, millis, TimeUnit.MILLISECONDS);
    }
    return known;
  }

  @Override
  public void writeData(ObjectDataOutput out) throws IOException {
    out.writeString(member);
    out.writeLong(untilMillis);
    out.writeLong(nowMillis);
    switch (step) {
      case null -> throw new IOException("presence step: empty");
      case Step.Tell tell -> {
        out.writeByte(0);
        PresenceEntry.writeConnections(out, tell.who());
        ConnectionEntry.writeTexts(out, tell.gone());
        out.writeBoolean(tell.all());
      }
      case Step.Renew _ -> out.writeByte(1);
    }
  }

  @Override
  public void readData(ObjectDataInput in) throws IOException {
    member = ConnectionEntry.text(in);
    untilMillis = in.readLong();
    nowMillis = in.readLong();
    int kind = in.readByte();
    step =
        switch (kind) {
          case 0 ->
              new Step.Tell(
                  PresenceEntry.readConnections(in), ConnectionEntry.texts(in), in.readBoolean());
          case 1 -> new Step.Renew();
          default -> throw new IOException("presence step: " + kind + " (expected: 0..1)");
        };
  }

  @Override
  public int getFactoryId() {
    return GridTypes.FACTORY;
  }

  @Override
  public int getClassId() {
    return GridTypes.PRESENCE_STEP;
  }
}
