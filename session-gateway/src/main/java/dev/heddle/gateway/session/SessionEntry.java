package dev.heddle.gateway.session;

import com.hazelcast.nio.ObjectDataInput;
import com.hazelcast.nio.ObjectDataOutput;
import com.hazelcast.nio.serialization.IdentifiedDataSerializable;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * One session in the grid: sealed attribute values by name, and a sealed position token. Owned by
 * whoever deserialized it: a reader's copy, or the partition thread that runs an entry processor.
 */
final class SessionEntry implements IdentifiedDataSerializable {
  private long createdMillis;
  private long touchedMillis;
  private final Map<String, byte[]> sealed = new TreeMap<>();
  private byte @Nullable [] positions;

  /** It is over, and what is left keeps its id from coming to life again. */
  private boolean ended;

  /** When that was because it got a new id; 0: it did not. */
  private long renewedMillis;

  /** For the serializer. */
  SessionEntry() {}

  SessionEntry(long createdMillis) {
    this.createdMillis = createdMillis;
  }

  /**
   * What is left of a session that was ended.
   *
   * @param renewedMillis when it got a new id instead; 0: it did not
   */
  static SessionEntry ended(long createdMillis, long renewedMillis) {
    var entry = new SessionEntry(createdMillis);
    entry.ended = true;
    entry.renewedMillis = renewedMillis;
    return entry;
  }

  boolean ended() {
    return ended;
  }

  /** Whether it has had a new id for less than that, so that its client may not know it yet. */
  boolean justRenewed(long nowMillis, long leastMillis) {
    return renewedMillis > 0 && nowMillis - renewedMillis < leastMillis;
  }

  long createdMillis() {
    return createdMillis;
  }

  Map<String, byte[]> sealed() {
    return sealed;
  }

  /** What the session's user has written and seen, sealed; null: nothing. */
  byte @Nullable [] positions() {
    return positions;
  }

  void positions(byte @Nullable [] other) {
    positions = other;
  }

  long touchedMillis() {
    return touchedMillis;
  }

  void touch(long nowMillis) {
    touchedMillis = Math.max(touchedMillis, nowMillis);
  }

  /** Bytes of all names and values. */
  long plainBytes() {
    long bytes = 0;
    for (Map.Entry<String, byte[]> attribute : sealed.entrySet()) {
      bytes += attribute.getKey().getBytes(StandardCharsets.UTF_8).length;
      bytes += AttributeCipher.plainLength(attribute.getValue());
    }
    return bytes;
  }

  /** What is left of the session's life if it is not used again; may be negative. */
  long ttlMillis(long nowMillis, long idleMillis, long maxAgeMillis) {
    return Math.min(idleMillis, createdMillis + maxAgeMillis - nowMillis);
  }

  @Override
  public void writeData(ObjectDataOutput out) throws IOException {
    out.writeLong(createdMillis);
    out.writeLong(touchedMillis);
    out.writeInt(sealed.size());
    for (Map.Entry<String, byte[]> attribute : sealed.entrySet()) {
      out.writeString(attribute.getKey());
      out.writeByteArray(attribute.getValue());
    }
    out.writeByteArray(positions);
    out.writeBoolean(ended);
    out.writeLong(renewedMillis);
  }

  @Override
  public void readData(ObjectDataInput in) throws IOException {
    createdMillis = in.readLong();
    touchedMillis = in.readLong();
    for (int left = in.readInt(); left > 0; left--) {
      String name = in.readString();
      byte[] value = in.readByteArray();
      if (name == null || value == null) {
        throw new IOException("session entry: an attribute without name or value");
      }
      sealed.put(name, value);
    }
    positions = in.readByteArray();
    ended = in.readBoolean();
    renewedMillis = in.readLong();
  }

  @Override
  public int getFactoryId() {
    return GridTypes.FACTORY;
  }

  @Override
  public int getClassId() {
    return GridTypes.ENTRY;
  }
}
