package dev.heddle.gateway.session;

import com.hazelcast.nio.ObjectDataInput;
import com.hazelcast.nio.ObjectDataOutput;
import com.hazelcast.nio.serialization.IdentifiedDataSerializable;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Who is in one channel, by gateway. What a gateway says holds for as long as its lease, which it
 * renews for all its connections at once. Changed in place, by the partition's thread alone.
 */
final class PresenceEntry implements IdentifiedDataSerializable {
  /** Of one gateway. */
  static final class Lease {
    private long untilMillis;
    private final Map<String, byte[]> connections = new LinkedHashMap<>();

    /** Of the hashes of all ids. */
    private long sum;

    private void put(String id, byte[] who) {
      if (connections.put(id, who) == null) {
        sum += hash(id);
      }
    }

    private void remove(String id) {
      if (connections.remove(id) != null) {
        sum -= hash(id);
      }
    }

    private long digest() {
      return PresenceEntry.digest(connections.size(), sum);
    }

    long untilMillis() {
      return untilMillis;
    }

    /** Who each is, sealed, by id. */
    Map<String, byte[]> connections() {
      return connections;
    }
  }

  private final Map<String, Lease> leases = new LinkedHashMap<>();

  /** Of a head: how many there are. */
  private int count;

  /** By the gateways' ids in the grid. */
  Map<String, Lease> leases() {
    return leases;
  }

  /**
   * What tells one set of connections from another, whatever their order: their number in the upper
   * 24 bits, and 40 bits of the sum of FNV-1a hashes of their ids.
   */
  static long digest(Collection<String> connections) {
    long sum = 0;
    for (String id : connections) {
      sum += hash(id);
    }
    return digest(connections.size(), sum);
  }

  private static long digest(int number, long sum) {
    return ((long) number << 40) | (sum & ((1L << 40) - 1));
  }

  private static long hash(String id) {
    long hash = 0xcbf29ce484222325L;
    for (int i = 0; i < id.length(); i++) {
      hash = (hash ^ id.charAt(i)) * 0x100000001b3L;
    }
    return hash;
  }

  /** Renews a lease, and forgets those that nobody has. Returns a digest of whom it is for. */
  long renew(String member, long untilMillis, long nowMillis) {
    leases.values().removeIf(lease -> lease.untilMillis < nowMillis);
    Lease lease = leases.get(member);
    if (lease != null) {
      lease.untilMillis = Math.max(lease.untilMillis, untilMillis);
    }
    return lease == null ? 0 : lease.digest();
  }

  void join(String member, Map<String, byte[]> who, long untilMillis) {
    if (who.isEmpty()) {
      return;
    }
    Lease lease = leases.computeIfAbsent(member, _ -> new Lease());
    who.forEach(lease::put);
    lease.untilMillis = Math.max(lease.untilMillis, untilMillis);
  }

  void leave(String member, Collection<String> gone) {
    Lease lease = leases.get(member);
    if (lease != null) {
      gone.forEach(lease::remove);
      if (lease.connections.isEmpty()) {
        leases.remove(member);
      }
    }
  }

  /** Nobody is there, as far as the gateway says. */
  void clear(String member) {
    leases.remove(member);
  }

  /** Of a head: how many there are, whom it names or not. */
  int count() {
    return count;
  }

  /**
   * How many are there, and who the first are. Who is at two gateways, as for a moment when it goes
   * from one to the other, is there once.
   *
   * @param members gateways whose leases count, if they hold
   * @param most connections that are named
   */
  PresenceEntry head(Set<String> members, long nowMillis, int most) {
    var held = new ArrayList<Lease>();
    leases.forEach((member, lease) -> {
      if (members.contains(member) && lease.untilMillis >= nowMillis) {
        held.add(lease);
      }
    });
    // Of the largest, nobody has to be looked for in the others.
    held.sort(Comparator.comparingInt((Lease lease) -> lease.connections.size()).reversed());
    var head = new PresenceEntry();
    for (int i = 0; i < held.size(); i++) {
      List<Lease> before = held.subList(0, i);
      Map<String, byte[]> connections = held.get(i).connections;
      head.count +=
          i == 0
              ? connections.size()
              : (int) connections.keySet().stream().filter(id -> isNew(before, id)).count();
      Lease some = head.leases.computeIfAbsent("", _ -> new Lease());
      connections.entrySet().stream()
          .filter(each -> isNew(before, each.getKey()))
          .limit(most - some.connections.size())
          .forEach(each -> some.put(each.getKey(), each.getValue()));
    }
    return head;
  }

  private static boolean isNew(List<Lease> before, String connection) {
    return before.stream().noneMatch(lease -> lease.connections.containsKey(connection));
  }

  @Override
  public void writeData(ObjectDataOutput out) throws IOException {
    out.writeInt(count);
    out.writeInt(leases.size());
    for (Map.Entry<String, Lease> each : leases.entrySet()) {
      out.writeString(each.getKey());
      out.writeLong(each.getValue().untilMillis);
      writeConnections(out, each.getValue().connections);
    }
  }

  @Override
  public void readData(ObjectDataInput in) throws IOException {
    count = in.readInt();
    for (int left = in.readInt(); left > 0; left--) {
      var lease = new Lease();
      leases.put(ConnectionEntry.text(in), lease);
      lease.untilMillis = in.readLong();
      readConnections(in).forEach(lease::put);
    }
  }

  static void writeConnections(ObjectDataOutput out, Map<String, byte[]> connections)
      throws IOException {
    out.writeInt(connections.size());
    for (Map.Entry<String, byte[]> each : connections.entrySet()) {
      out.writeString(each.getKey());
      out.writeByteArray(each.getValue());
    }
  }

  static Map<String, byte[]> readConnections(ObjectDataInput in) throws IOException {
    var connections = new LinkedHashMap<String, byte[]>();
    for (int left = in.readInt(); left > 0; left--) {
      connections.put(ConnectionEntry.text(in), ConnectionEntry.bytes(in));
    }
    return connections;
  }

  @Override
  public int getFactoryId() {
    return GridTypes.FACTORY;
  }

  @Override
  public int getClassId() {
    return GridTypes.PRESENCE;
  }
}
