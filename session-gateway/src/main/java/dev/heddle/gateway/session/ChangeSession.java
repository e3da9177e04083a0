package dev.heddle.gateway.session;

import com.hazelcast.nio.ObjectDataInput;
import com.hazelcast.nio.ObjectDataOutput;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Changes attributes of one session, all or none, on its owner's partition thread and then on the
 * backup: nothing else runs on the session meanwhile. Answers with an {@link Outcome}'s number.
 */
@SuppressWarnings("serial") // Serialized by the methods below, never by Java serialization.
final class ChangeSession extends SessionStep<Integer> {

  /** What became of the change; the number is what travels. */
  enum Outcome {
    APPLIED(0),
    /** An attribute was not as expected; nothing changed. */
    CONFLICT(1),
    TOO_MANY_ATTRIBUTES(2),
    TOO_MANY_BYTES(3),
    /** The session is past its maximal age. */
    EXPIRED(4),
    /** Somebody has ended the session. */
    ENDED(5);

    private final int number;

    Outcome(int number) {
      this.number = number;
    }

    static Outcome of(int number) {
      for (Outcome outcome : values()) {
        if (outcome.number == number) {
          return outcome;
        }
      }
      throw new IllegalArgumentException("outcome: " + number + " (expected: 0..5)");
    }
  }

  /**
   * One attribute's change.
   *
   * @param sealed the new value; null: remove
   * @param expected stamp of the value that must be there; empty: must be absent; null: any
   */
  record Step(String name, byte @Nullable [] sealed, byte @Nullable [] expected) {}

  private final List<Step> steps = new ArrayList<>();
  private long createdMillis;
  private long nowMillis;
  private long idleMillis;
  private long maxAgeMillis;
  private int maxAttributes;
  private long maxBytes;

  /** For the serializer. */
  ChangeSession() {}

  ChangeSession(List<Step> steps, long createdMillis, long nowMillis, SessionConfig limits) {
    this.steps.addAll(steps);
    this.createdMillis = createdMillis;
    this.nowMillis = nowMillis;
    this.idleMillis = limits.idleTimeout().toMillis();
    this.maxAgeMillis = limits.maxAge().toMillis();
    this.maxAttributes = limits.maxAttributes();
    this.maxBytes = limits.maxTotal().bytes();
  }

  @Override
  Integer step(Map.Entry<String, SessionEntry> mapEntry) {
    return change(mapEntry).number;
  }

  private Outcome change(Map.Entry<String, SessionEntry> mapEntry) {
    SessionEntry entry = mapEntry.getValue();
    if (entry == null) {
      entry = new SessionEntry(createdMillis);
    }
    if (entry.ended()) {
      return Outcome.ENDED;
    }
    for (Step step : steps) {
      if (!holds(step.expected(), entry.sealed().get(step.name()))) {
        return Outcome.CONFLICT;
      }
    }
    long ttl = entry.ttlMillis(nowMillis, idleMillis, maxAgeMillis);
    if (ttl <= 0) {
      return Outcome.EXPIRED;
    }
    boolean grows = false;
    for (Step step : steps) {
      if (step.sealed() == null) {
        entry.sealed().remove(step.name());
      } else {
        entry.sealed().put(step.name(), step.sealed());
        grows = true;
      }
    }
    // Removing is always allowed, so that a session above newly lowered limits can shrink.
    if (grows && entry.sealed().size() > maxAttributes) {
      return Outcome.TOO_MANY_ATTRIBUTES;
    }
    if (grows && entry.plainBytes() > maxBytes) {
      return Outcome.TOO_MANY_BYTES;
    }
    entry.changed(nowMillis);
    put(mapEntry, entry, nowMillis, ttl);
    return Outcome.APPLIED;
  }

  private static boolean holds(byte @Nullable [] expected, byte @Nullable [] sealed) {
    if (expected == null) {
      return true;
    }
    if (sealed == null) {
      return expected.length == 0;
    }
    return expected.length > 0 && AttributeCipher.stampedWith(sealed, expected);
  }

  @Override
  public void writeData(ObjectDataOutput out) throws IOException {
    out.writeLong(createdMillis);
    out.writeLong(nowMillis);
    out.writeLong(idleMillis);
    out.writeLong(maxAgeMillis);
    out.writeInt(maxAttributes);
    out.writeLong(maxBytes);
    out.writeInt(steps.size());
    for (Step step : steps) {
      out.writeString(step.name());
      out.writeByteArray(step.sealed());
      out.writeByteArray(step.expected());
    }
  }

  @Override
  public void readData(ObjectDataInput in) throws IOException {
    createdMillis = in.readLong();
    nowMillis = in.readLong();
    idleMillis = in.readLong();
    maxAgeMillis = in.readLong();
    maxAttributes = in.readInt();
    maxBytes = in.readLong();
    for (int left = in.readInt(); left > 0; left--) {
      String name = in.readString();
      if (name == null) {
        throw new IOException("session change: a step without name");
      }
      steps.add(new Step(name, in.readByteArray(), in.readByteArray()));
    }
  }

  @Override
  public int getClassId() {
    return GridTypes.CHANGE;
  }
}
