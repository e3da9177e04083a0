package dev.heddle.gateway.session;

import com.hazelcast.map.IMap;
import dev.heddle.gateway.session.PresenceEntry.Lease;
import dev.heddle.gateway.session.PresenceStep.Step;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/**
 * Who is in channels, as the gateways say that are in the grid. A gateway that is gone says nothing
 * any more, and one that is cut off only until its lease ends: nothing rests on a goodbye.
 * Blocking, with UNAVAILABLE where the grid does not answer; thread-safe.
 */
public final class PresenceTable {
  /** How long holds what a gateway has said. */
  public static final Duration LEASE = Duration.ofSeconds(30);

  private static final String WHO = "who";

  private final SessionGrid grid;
  private final IMap<String, PresenceEntry> presence;
  private final AttributeCipher cipher;

  PresenceTable(SessionGrid grid, AttributeCipher cipher) {
    this.grid = grid;
    this.presence = grid.presence();
    this.cipher = cipher;
  }

  /**
   * Connections of this gateway are in a channel, and others are not any more.
   *
   * @param users who is there, by connection
   * @param gone who has left
   * @param all whether no others of this gateway are there
   * @return a digest of those of this gateway that are known now, as {@link #digest}
   */
  public long tell(
      ChannelKey key, Map<String, String> users, Set<String> gone, boolean all, Instant now) {
    var who = new LinkedHashMap<String, byte[]>();
    users.forEach((connection, user) -> who.put(connection, seal(key, connection, user)));
    return step(key, new Step.Tell(who, gone, all), now);
  }

  /** What this gateway has said goes on to hold. Returns as {@link #tell}. */
  public long renew(ChannelKey key, Instant now) {
    return step(key, new Step.Renew(), now);
  }

  /** What tells one set of connections from another. */
  public static long digest(Set<String> connections) {
    return PresenceEntry.digest(connections);
  }

  /**
   * Who is in a channel.
   *
   * @param count of all
   * @param users of the first, by connection; one that is not known is empty
   */
  public record Present(int count, Map<String, String> users) {}

  /**
   * Who is in a channel.
   *
   * @param most connections that are named
   */
  public Present of(ChannelKey key, int most, Instant now) {
    var read = new PresenceRead(grid.memberIds(), now.toEpochMilli(), most);
    PresenceEntry entry = SessionStore.inGrid(() -> presence.executeOnKey(key.inGrid(), read));
    var users = new LinkedHashMap<String, String>();
    for (Lease lease : entry.leases().values()) {
      lease.connections().forEach((id, sealed) -> users.put(id, open(key, id, sealed)));
    }
    return new Present(entry.count(), users);
  }

  private long step(ChannelKey key, Step step, Instant now) {
    long until = now.plus(LEASE).toEpochMilli();
    var todo = new PresenceStep(grid.member(), until, now.toEpochMilli(), step);
    return SessionStore.inGrid(() -> presence.executeOnKey(key.inGrid(), todo));
  }

  private byte[] seal(ChannelKey key, String connection, String user) {
    byte[] plain = user.getBytes(StandardCharsets.UTF_8);
    return cipher.seal(key.tenant(), "presence/" + key.name() + "/" + connection, WHO, plain);
  }

  private String open(ChannelKey key, String connection, byte[] sealed) {
    String place = "presence/" + key.name() + "/" + connection;
    return new String(cipher.open(key.tenant(), place, WHO, sealed), StandardCharsets.UTF_8);
  }
}
