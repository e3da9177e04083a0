package dev.heddle.gateway.session;

import com.hazelcast.nio.ObjectDataInput;
import com.hazelcast.nio.ObjectDataOutput;
import java.io.IOException;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Ends a session on its owner's partition thread. What is left of it for a while is only that it
 * ended: so long, its id is refused. Answers with what the session was; null: the grid held
 * nothing.
 */
@SuppressWarnings("serial") // Serialized by the methods below, never by Java serialization.
final class EndSession extends SessionStep<@Nullable SessionEntry> {
  private long createdMillis;
  private long nowMillis;
  private long keepMillis;
  private long renewedMillis;

  /** For the serializer. */
  EndSession() {}

  /**
   * An end.
   *
   * @param createdMillis when the session's id was made
   * @param keepMillis how long it is known that it ended
   * @param renewedMillis when it is to get a new id instead; 0: it is not
   */
  EndSession(long createdMillis, long nowMillis, long keepMillis, long renewedMillis) {
    this.createdMillis = createdMillis;
    this.nowMillis = nowMillis;
    this.keepMillis = keepMillis;
    this.renewedMillis = renewedMillis;
  }

  @Override
  @Nullable SessionEntry step(Map.Entry<String, SessionEntry> mapEntry) {
    SessionEntry before = mapEntry.getValue();
    if (before == null || !before.ended()) {
      put(mapEntry, SessionEntry.ended(createdMillis, renewedMillis), nowMillis, keepMillis);
    } else {
      // The first end may never have come to the backup.
      repeat(before, nowMillis);
    }
    return before;
  }

  @Override
  public void writeData(ObjectDataOutput out) throws IOException {
    out.writeLong(createdMillis);
    out.writeLong(nowMillis);
    out.writeLong(keepMillis);
    out.writeLong(renewedMillis);
  }

  @Override
  public void readData(ObjectDataInput in) throws IOException {
    createdMillis = in.readLong();
    nowMillis = in.readLong();
    keepMillis = in.readLong();
    renewedMillis = in.readLong();
  }

  @Override
  public int getClassId() {
    return GridTypes.END;
  }
}
