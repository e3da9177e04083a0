package dev.heddle.gateway.session;

import com.hazelcast.map.EntryProcessor;
import com.hazelcast.nio.ObjectDataInput;
import com.hazelcast.nio.ObjectDataOutput;
import com.hazelcast.nio.serialization.IdentifiedDataSerializable;
import java.io.IOException;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Reads how many are in a channel and who the first of them are, without the others. */
@SuppressWarnings("serial") // Serialized by the methods below, never by Java serialization.
final class PresenceRead
    implements EntryProcessor<String, PresenceEntry, PresenceEntry>, IdentifiedDataSerializable {
  private Set<String> members = Set.of();
  private long nowMillis;
  private int most;

  /** For the serializer. */
  PresenceRead() {}

  /**
   * Of leases that hold.
   *
   * @param members gateways whose leases count
   * @param most connections that are named
   */
  PresenceRead(Set<String> members, long nowMillis, int most) {
    this.members = members;
    this.nowMillis = nowMillis;
    this.most = most;
  }

  @Override
  public PresenceEntry process(Map.Entry<String, PresenceEntry> mapEntry) {
    PresenceEntry entry = mapEntry.getValue();
    return entry == null ? new PresenceEntry() : entry.head(members, nowMillis, most);
  }

  @Override
  public @Nullable EntryProcessor<String, PresenceEntry, PresenceEntry> getBackupProcessor() {
    return null;
  }

  @Override
  public void writeData(ObjectDataOutput out) throws IOException {
    ConnectionEntry.writeTexts(out, members);
    out.writeLong(nowMillis);
    out.writeInt(most);
  }

  @Override
  public void readData(ObjectDataInput in) throws IOException {
    members = ConnectionEntry.texts(in);
    nowMillis = in.readLong();
    most = in.readInt();
  }

  @Override
  public int getFactoryId() {
    return GridTypes.FACTORY;
  }

  @Override
  public int getClassId() {
    return GridTypes.PRESENCE_READ;
  }
}
