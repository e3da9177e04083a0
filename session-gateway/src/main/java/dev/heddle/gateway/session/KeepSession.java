package dev.heddle.gateway.session;

import com.hazelcast.nio.ObjectDataInput;
import com.hazelcast.nio.ObjectDataOutput;
import java.io.IOException;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Has a backup take a session as its owner has it now. */
@SuppressWarnings("serial") // Serialized by the methods below, never by Java serialization.
final class KeepSession extends SessionStep<@Nullable Boolean> {
  private SessionEntry entry = new SessionEntry();
  private long ttlMillis;

  /** For the serializer. */
  KeepSession() {}

  KeepSession(SessionEntry entry, long ttlMillis) {
    this.entry = entry;
    this.ttlMillis = ttlMillis;
  }

  @Override
  @Nullable Boolean step(Map.Entry<String, SessionEntry> mapEntry) {
    keep(mapEntry, entry, ttlMillis);
    return null;
  }

  @Override
  public void writeData(ObjectDataOutput out) throws IOException {
    entry.writeData(out);
    out.writeLong(ttlMillis);
  }

  @Override
  public void readData(ObjectDataInput in) throws IOException {
    entry.readData(in);
    ttlMillis = in.readLong();
  }

  @Override
  public int getClassId() {
    return GridTypes.KEEP;
  }
}
