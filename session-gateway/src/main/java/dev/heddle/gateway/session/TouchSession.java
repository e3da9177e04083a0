package dev.heddle.gateway.session;

import com.hazelcast.map.EntryProcessor;
import com.hazelcast.map.ExtendedMapEntry;
import com.hazelcast.nio.ObjectDataInput;
import com.hazelcast.nio.ObjectDataOutput;
import com.hazelcast.nio.serialization.IdentifiedDataSerializable;
import java.io.IOException;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** Restarts a session's idle time on its owner's partition thread. Answers whether it is there. */
@SuppressWarnings("serial") // Serialized by the methods below, never by Java serialization.
final class TouchSession
    implements EntryProcessor<String, SessionEntry, Boolean>, IdentifiedDataSerializable {
  private long nowMillis;
  private long idleMillis;
  private long maxAgeMillis;

  /** For the serializer. */
  TouchSession() {}

  TouchSession(long nowMillis, SessionConfig limits) {
    this.nowMillis = nowMillis;
    this.idleMillis = limits.idleTimeout().toMillis();
    this.maxAgeMillis = limits.maxAge().toMillis();
  }

  @Override
  public Boolean process(Map.Entry<String, SessionEntry> mapEntry) {
    SessionEntry entry = mapEntry.getValue();
    if (entry == null) {
      return false;
    }
    long ttl = entry.ttlMillis(nowMillis, idleMillis, maxAgeMillis);
    if (ttl <= 0) {
      return false;
    }
    // A coarse touch: rewriting the entry and its backup for every frame would cost more than it
    // tells.
    if (nowMillis - entry.touchedMillis() >= idleMillis / SessionStore.TOUCHES) {
      entry.touch(nowMillis);
      ((ExtendedMapEntry<String, SessionEntry>) mapEntry)
          .setValue(entry, ttl, TimeUnit.MILLISECONDS);
    }
    return true;
  }

  @Override
  public void writeData(ObjectDataOutput out) throws IOException {
    out.writeLong(nowMillis);
    out.writeLong(idleMillis);
    out.writeLong(maxAgeMillis);
  }

  @Override
  public void readData(ObjectDataInput in) throws IOException {
    nowMillis = in.readLong();
    idleMillis = in.readLong();
    maxAgeMillis = in.readLong();
  }

  @Override
  public int getFactoryId() {
    return GridTypes.FACTORY;
  }

  @Override
  public int getClassId() {
    return GridTypes.TOUCH;
  }
}
