package dev.heddle.gateway.session;

import com.hazelcast.map.EntryProcessor;
import com.hazelcast.nio.ObjectDataInput;
import com.hazelcast.nio.ObjectDataOutput;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Brings sessions of a journal back, where the grid has nothing newer; without any, it only has
 * each member's journal told what the grid holds.
 */
@SuppressWarnings("serial") // Serialized by the methods below, never by Java serialization.
final class RestoreSessions extends SessionStep<@Nullable Boolean> {
  private long nowMillis;
  private final Map<String, SessionEntry> entries = new LinkedHashMap<>();

  /** For the serializer; also for one that only tells. */
  RestoreSessions() {}

  RestoreSessions(Map<String, SessionEntry> entries, long nowMillis) {
    this.nowMillis = nowMillis;
    this.entries.putAll(entries);
  }

  /** True: it took the place of what was there, or was not. */
  @Override
  @Nullable Boolean step(Map.Entry<String, SessionEntry> mapEntry) {
    SessionEntry current = mapEntry.getValue();
    SessionEntry kept = entries.get(mapEntry.getKey());
    if (kept != null && kept.expiresMillis() > nowMillis && kept.restores(current)) {
      putKnown(mapEntry, kept.restored(), kept.expiresMillis() - nowMillis);
      return true;
    }
    if (current != null) {
      tell(mapEntry.getKey(), current);
    }
    return null;
  }

  /** Of many sessions: the backup does the same. */
  @Override
  public EntryProcessor<String, SessionEntry, @Nullable Boolean> getBackupProcessor() {
    return this;
  }

  @Override
  public void writeData(ObjectDataOutput out) throws IOException {
    out.writeLong(nowMillis);
    out.writeInt(entries.size());
    for (Map.Entry<String, SessionEntry> each : entries.entrySet()) {
      out.writeString(each.getKey());
      each.getValue().write(out);
    }
  }

  @Override
  public void readData(ObjectDataInput in) throws IOException {
    nowMillis = in.readLong();
    for (int left = in.readInt(); left > 0; left--) {
      String key = in.readString();
      if (key == null) {
        throw new IOException("sessions to restore: one without key");
      }
      entries.put(key, SessionEntry.read(in));
    }
  }

  @Override
  public int getClassId() {
    return GridTypes.RESTORE;
  }
}
