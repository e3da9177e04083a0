package dev.heddle.gateway.session;

import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.map.IMap;
import java.time.Instant;
import java.util.Optional;

/** What the grid has of connections, as one of its members sees it. */
public final class GridView {
  private GridView() {}

  /**
   * A connection.
   *
   * @param since when it was attached or detached
   */
  public record Seen(long epoch, boolean attached, Instant since) {}

  /** Empty: there is none. */
  public static Optional<Seen> connection(HazelcastInstance member, String tenant, String id) {
    IMap<String, ConnectionEntry> connections = member.getMap("connections");
    ConnectionEntry entry = connections.get(new ConnectionKey(tenant, id).inGrid());
    return Optional.ofNullable(entry)
        .map(each ->
            new Seen(each.epoch(), each.attached(), Instant.ofEpochMilli(each.sinceMillis())));
  }
}
