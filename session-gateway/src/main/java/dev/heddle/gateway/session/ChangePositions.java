package dev.heddle.gateway.session;

import com.hazelcast.nio.ObjectDataInput;
import com.hazelcast.nio.ObjectDataOutput;
import dev.heddle.catalog.PositionToken;
import dev.heddle.process.HeddleException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Merges a position token into that of a session, or takes positions out of it, on the session's
 * owner's partition thread and then on the backup: nothing else runs on the session meanwhile, so
 * that no request lowers what another one has raised. The token travels and is kept sealed; the
 * owner opens it with its own key ring. Answers with an {@link Outcome}'s number.
 */
@SuppressWarnings("serial") // Serialized by the methods below, never by Java serialization.
final class ChangePositions extends SessionStep<Integer> {
  /** The owner's {@link AttributeCipher} in its member's context. */
  static final String CIPHER = "heddle-cipher";

  /** Where the token stands among the sealed values; no attribute has this name. */
  static final String NAME = "";

  /** What became of the change; the number is what travels. */
  enum Outcome {
    DONE(0),
    /** The session is past its maximal age, or was ended. */
    EXPIRED(1),
    /** The owner lacks the key that the token was sealed with. */
    UNREADABLE(2);

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
      throw new IllegalArgumentException("outcome: " + number + " (expected: 0..2)");
    }
  }

  /**
   * Whose token.
   *
   * @param createdMillis when the session's id was made
   */
  record Place(String tenant, String session, long createdMillis) {}

  private String tenant = "";
  private String session = "";
  private byte[] sealed = new byte[0];
  private boolean takeOut;
  private long createdMillis;
  private long nowMillis;
  private long idleMillis;
  private long maxAgeMillis;

  /** For the serializer. */
  ChangePositions() {}

  /**
   * A change.
   *
   * @param sealed the token to merge
   * @param takeOut whether to take its positions out instead, where they were not raised since
   */
  ChangePositions(
      Place place, byte[] sealed, boolean takeOut, long nowMillis, SessionConfig limits) {
    this.tenant = place.tenant();
    this.session = place.session();
    this.sealed = sealed;
    this.takeOut = takeOut;
    this.createdMillis = place.createdMillis();
    this.nowMillis = nowMillis;
    this.idleMillis = limits.idleTimeout().toMillis();
    this.maxAgeMillis = limits.maxAge().toMillis();
  }

  @Override
  Integer step(Map.Entry<String, SessionEntry> mapEntry) {
    return change(mapEntry).number;
  }

  private Outcome change(Map.Entry<String, SessionEntry> mapEntry) {
    AttributeCipher own = cipher();
    PositionToken token = own == null ? null : open(own, sealed);
    if (own == null || token == null) {
      return Outcome.UNREADABLE;
    }
    SessionEntry entry = mapEntry.getValue();
    if (entry == null) {
      entry = new SessionEntry(createdMillis);
    }
    long ttl = entry.ttlMillis(nowMillis, idleMillis, maxAgeMillis);
    if (ttl <= 0 || entry.ended()) {
      return Outcome.EXPIRED;
    }
    byte[] kept = entry.positions();
    PositionToken before = kept == null ? null : open(own, kept);
    // What cannot be opened any more was sealed with a key that has left the ring.
    PositionToken known = before == null ? PositionToken.EMPTY : before;
    PositionToken after = takeOut ? known.without(token) : known.merge(token);
    boolean same = after.toString().equals(known.toString());
    if (same && nowMillis - entry.touchedMillis() < idleMillis / SessionStore.TOUCHES) {
      return Outcome.DONE;
    }
    entry.positions(after.isEmpty() ? null : seal(own, after));
    if (same) {
      entry.touch(nowMillis);
    } else {
      entry.changed(nowMillis);
    }
    put(mapEntry, entry, nowMillis, ttl);
    return Outcome.DONE;
  }

  private byte[] seal(AttributeCipher own, PositionToken token) {
    return seal(own, tenant, session, token);
  }

  private @Nullable PositionToken open(AttributeCipher own, byte[] value) {
    try {
      return open(own, tenant, session, value);
    } catch (HeddleException e) {
      return null;
    }
  }

  static byte[] seal(AttributeCipher cipher, String tenant, String session, PositionToken token) {
    byte[] text = token.toString().getBytes(StandardCharsets.US_ASCII);
    return cipher.seal(tenant, session, NAME, text);
  }

  /**
   * The token inside.
   *
   * @throws HeddleException if its key has left the ring
   */
  static PositionToken open(AttributeCipher cipher, String tenant, String session, byte[] value) {
    byte[] text = cipher.open(tenant, session, NAME, value);
    return PositionToken.parse(new String(text, StandardCharsets.US_ASCII));
  }

  @Override
  public void writeData(ObjectDataOutput out) throws IOException {
    out.writeString(tenant);
    out.writeString(session);
    out.writeByteArray(sealed);
    out.writeBoolean(takeOut);
    out.writeLong(createdMillis);
    out.writeLong(nowMillis);
    out.writeLong(idleMillis);
    out.writeLong(maxAgeMillis);
  }

  @Override
  public void readData(ObjectDataInput in) throws IOException {
    tenant = text(in.readString());
    session = text(in.readString());
    byte[] value = in.readByteArray();
    sealed = value == null ? new byte[0] : value;
    takeOut = in.readBoolean();
    createdMillis = in.readLong();
    nowMillis = in.readLong();
    idleMillis = in.readLong();
    maxAgeMillis = in.readLong();
  }

  private static String text(@Nullable String read) throws IOException {
    if (read == null) {
      throw new IOException("positions change: without tenant or session");
    }
    return read;
  }

  @Override
  public int getClassId() {
    return GridTypes.POSITIONS;
  }
}
