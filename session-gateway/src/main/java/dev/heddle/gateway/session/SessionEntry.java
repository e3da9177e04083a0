package dev.heddle.gateway.session;

import com.hazelcast.nio.ObjectDataInput;
import com.hazelcast.nio.ObjectDataOutput;
import com.hazelcast.nio.serialization.IdentifiedDataSerializable;
import java.io.DataInput;
import java.io.DataOutput;
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

  /** Of the last change, not of a mere use: the higher one of two is the later one. */
  private long version;

  /** When the grid is to drop it. */
  private long expiresMillis;

  /** A journal has brought it back, and nobody has changed it since. */
  private boolean restored;

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

  /** Notes that it is not what it was. */
  void changed(long nowMillis) {
    version = Math.max(version + 1, nowMillis);
    restored = false;
    touch(nowMillis);
  }

  long version() {
    return version;
  }

  long expiresMillis() {
    return expiresMillis;
  }

  void expires(long millis) {
    expiresMillis = millis;
  }

  /** A journal has brought it back. */
  SessionEntry restored() {
    restored = true;
    return this;
  }

  /**
   * Whether this, of a journal, is to take the place of what the grid has: an end always, else only
   * what another journal has brought and is older. What was changed in the grid is never undone.
   */
  boolean restores(@Nullable SessionEntry current) {
    if (current == null) {
      return true;
    }
    return !current.ended && (ended || (current.restored && later(current)));
  }

  /** Whether this is the later one of two that are no end. */
  boolean later(SessionEntry other) {
    return version > other.version
        || (version == other.version && touchedMillis > other.touchedMillis);
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

  /** All but whether it was restored. */
  void write(DataOutput out) throws IOException {
    out.writeLong(createdMillis);
    out.writeLong(touchedMillis);
    out.writeLong(version);
    out.writeLong(expiresMillis);
    out.writeBoolean(ended);
    out.writeLong(renewedMillis);
    out.writeInt(positions == null ? -1 : positions.length);
    if (positions != null) {
      out.write(positions);
    }
    out.writeInt(sealed.size());
    for (Map.Entry<String, byte[]> attribute : sealed.entrySet()) {
      out.writeUTF(attribute.getKey());
      out.writeInt(attribute.getValue().length);
      out.write(attribute.getValue());
    }
  }

  /** What {@link #write} wrote. */
  static SessionEntry read(DataInput in) throws IOException {
    var entry = new SessionEntry();
    entry.from(in);
    return entry;
  }

  private void from(DataInput in) throws IOException {
    createdMillis = in.readLong();
    touchedMillis = in.readLong();
    version = in.readLong();
    expiresMillis = in.readLong();
    ended = in.readBoolean();
    renewedMillis = in.readLong();
    int length = in.readInt();
    positions = length < 0 ? null : bytes(in, length);
    for (int left = in.readInt(); left > 0; left--) {
      String name = in.readUTF();
      sealed.put(name, bytes(in, in.readInt()));
    }
  }

  private static byte[] bytes(DataInput in, int length) throws IOException {
    if (length < 0 || length > JournalRecord.MAX_REST) {
      throw new IOException("session entry: a value of " + length + " bytes");
    }
    byte[] bytes = new byte[length];
    in.readFully(bytes);
    return bytes;
  }

  @Override
  public void writeData(ObjectDataOutput out) throws IOException {
    write(out);
    out.writeBoolean(restored);
  }

  @Override
  public void readData(ObjectDataInput in) throws IOException {
    from(in);
    restored = in.readBoolean();
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
