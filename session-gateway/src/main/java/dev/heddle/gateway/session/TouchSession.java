package dev.heddle.gateway.session;

import com.hazelcast.nio.ObjectDataInput;
import com.hazelcast.nio.ObjectDataOutput;
import java.io.IOException;
import java.util.Map;

/**
 * Restarts a session's idle time on its owner's partition thread, or only looks. Answers with a
 * {@link Life}'s number.
 */
@SuppressWarnings("serial") // Serialized by the methods below, never by Java serialization.
final class TouchSession extends SessionStep<Integer> {

  /** What the grid knows of a session; the number is what travels. */
  enum Life {
    /** Nothing: it never had anything to keep, or its time is over. */
    ABSENT(0),
    LIVES(1),
    /** Somebody has ended it. */
    ENDED(2),
    /** It has had a new id for a moment, of which its client may not know yet. */
    RENEWED(3);

    private final int number;

    Life(int number) {
      this.number = number;
    }

    static Life of(int number) {
      for (Life life : values()) {
        if (life.number == number) {
          return life;
        }
      }
      throw new IllegalArgumentException("life: " + number + " (expected: 0..3)");
    }
  }

  private boolean onlyLooks;
  private long nowMillis;
  private long idleMillis;
  private long maxAgeMillis;

  /** For the serializer. */
  TouchSession() {}

  TouchSession(long nowMillis, SessionConfig limits, boolean onlyLooks) {
    this.onlyLooks = onlyLooks;
    this.nowMillis = nowMillis;
    this.idleMillis = limits.idleTimeout().toMillis();
    this.maxAgeMillis = limits.maxAge().toMillis();
  }

  @Override
  Integer step(Map.Entry<String, SessionEntry> mapEntry) {
    return life(mapEntry).number;
  }

  private Life life(Map.Entry<String, SessionEntry> mapEntry) {
    SessionEntry entry = mapEntry.getValue();
    if (entry == null) {
      return Life.ABSENT;
    }
    if (entry.ended()) {
      return entry.justRenewed(nowMillis, SessionStore.RENEWAL.toMillis())
          ? Life.RENEWED
          : Life.ENDED;
    }
    long ttl = entry.ttlMillis(nowMillis, idleMillis, maxAgeMillis);
    if (ttl <= 0) {
      return Life.ABSENT;
    }
    // A coarse touch: rewriting the entry and its backup for every frame would cost more than it
    // tells.
    if (!onlyLooks && nowMillis - entry.touchedMillis() >= idleMillis / SessionStore.TOUCHES) {
      entry.touch(nowMillis);
      put(mapEntry, entry, nowMillis, ttl);
    }
    return Life.LIVES;
  }

  @Override
  public void writeData(ObjectDataOutput out) throws IOException {
    out.writeBoolean(onlyLooks);
    out.writeLong(nowMillis);
    out.writeLong(idleMillis);
    out.writeLong(maxAgeMillis);
  }

  @Override
  public void readData(ObjectDataInput in) throws IOException {
    onlyLooks = in.readBoolean();
    nowMillis = in.readLong();
    idleMillis = in.readLong();
    maxAgeMillis = in.readLong();
  }

  @Override
  public int getClassId() {
    return GridTypes.TOUCH;
  }
}
