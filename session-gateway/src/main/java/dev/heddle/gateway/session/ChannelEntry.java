package dev.heddle.gateway.session;

import com.hazelcast.nio.ObjectDataInput;
import com.hazelcast.nio.ObjectDataOutput;
import com.hazelcast.nio.serialization.IdentifiedDataSerializable;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One channel in the grid: its newest messages, with offsets from 1 on without gaps. It stays an
 * object on its partition's owner and backup, and is changed there in place, by the partition's
 * thread alone.
 *
 * <p>An <i>era</i> is what one owner of the partition appended. Whoever finds that another member
 * was the owner before begins a new era, under a random epoch, after the last message that it
 * knows. So where an owner was lost with what it had not yet copied, or where both halves of a
 * split grid went on, each for itself, no position names two different messages: one that is not in
 * the line of eras is refused.
 */
final class ChannelEntry implements IdentifiedDataSerializable {
  /** Eras that are remembered; who was away for longer has lost its place. */
  static final int MOST_ERAS = 16;

  /** So many of the last messages are known again that are appended twice, kept or not. */
  static final int MOST_REPEATED = 64;

  /**
   * Bytes that a channel takes besides its messages, roughly, the ids included that it remembers,
   * and a message besides its content.
   */
  static final int OWN_WEIGHT = 4_096;

  private static final int ITEM_WEIGHT = 96;

  private String owner = "";
  private final ArrayDeque<Era> eras = new ArrayDeque<>();
  private final ArrayDeque<Item> items = new ArrayDeque<>();
  private final ArrayDeque<Appended> newest = new ArrayDeque<>();
  private long base;
  private long bytes;

  /**
   * What one owner appended.
   *
   * @param end offset of its last message, or of the one before it where it has none yet
   */
  record Era(String epoch, long end) {}

  /**
   * A message.
   *
   * @param id by which one is known that is appended again
   * @param millis when it was appended
   */
  record Item(long id, String epoch, long millis, byte[] sealed) {}

  /** Where a message is that was appended lately. */
  record Appended(long id, ChannelPosition at) {}

  /** For the serializer, and for a channel that begins. */
  ChannelEntry() {}

  /** The line of eras, oldest first. */
  List<Era> eras() {
    return List.copyOf(eras);
  }

  /** Offset of the last message that is not kept. */
  long base() {
    return base;
  }

  long last() {
    return base + items.size();
  }

  /** When the newest message that is kept was appended; 0: none is. */
  long newestMillis() {
    Item last = items.peekLast();
    return last == null ? 0 : last.millis();
  }

  /** Bytes that it takes, roughly. */
  long weight() {
    return OWN_WEIGHT + bytes + (long) ITEM_WEIGHT * items.size();
  }

  /** Forgets its messages, but not where it is: who has read them all misses nothing. */
  void forget() {
    base = last();
    bytes = 0;
    items.clear();
  }

  /** Bytes that a message takes, roughly. */
  static long weight(byte[] sealed) {
    return (long) ITEM_WEIGHT + sealed.length;
  }

  /** Epoch of the newest message; empty: there never was one. */
  String epoch() {
    Era newest = eras.peekLast();
    return newest == null ? "" : newest.epoch();
  }

  /** Whether there is an era to name a position in. */
  boolean begun() {
    return !eras.isEmpty();
  }

  /** The first era, before any message. */
  void begin(String by, String epoch) {
    owner = by;
    eras.addLast(new Era(epoch, 0));
  }

  /**
   * Appends a message.
   *
   * @param by member that owns the partition
   * @param newEpoch of the era that begins if the owner is another one than before
   * @param mostBytes that are kept, sealed; one message may be larger
   * @param mostItems that are kept
   * @param mostWeight that it is to have afterwards; one message may be heavier
   * @return its position, also if it was appended before
   */
  ChannelPosition append(
      String by,
      String newEpoch,
      long id,
      long millis,
      byte[] sealed,
      long mostBytes,
      int mostItems,
      long mostWeight) {
    ChannelPosition known = find(id);
    if (known != null) {
      return known;
    }
    if (!owner.equals(by) || eras.isEmpty()) {
      owner = by;
      eras.addLast(new Era(newEpoch, last()));
      while (eras.size() > MOST_ERAS) {
        eras.removeFirst();
      }
    }
    String epoch = epoch();
    items.addLast(new Item(id, epoch, millis, sealed));
    bytes += sealed.length;
    while (items.size() > 1
        && (bytes > mostBytes || items.size() > mostItems || weight() > mostWeight)) {
      bytes -= items.removeFirst().sealed().length;
      base++;
    }
    eras.removeLast();
    eras.addLast(new Era(epoch, last()));
    var at = new ChannelPosition(epoch, last());
    newest.addLast(new Appended(id, at));
    if (newest.size() > MOST_REPEATED) {
      newest.removeFirst();
    }
    return at;
  }

  /** Where a message is that was appended lately; null: it was not. */
  @Nullable ChannelPosition find(long id) {
    for (Appended each : newest) {
      if (each.id() == id) {
        return each.at();
      }
    }
    return null;
  }

  /** A message that is kept; null: it is not. */
  @Nullable Item item(long offset) {
    long at = last();
    // Mostly it is the newest that is asked for.
    var newest = items.descendingIterator();
    while (newest.hasNext()) {
      Item item = newest.next();
      if (at == offset) {
        return item;
      }
      at--;
    }
    return null;
  }

  /** Whether a position is in the line of eras: nothing else was ever known by its name. */
  static boolean holds(Iterable<Era> eras, ChannelPosition position) {
    for (Era era : eras) {
      if (era.epoch().equals(position.epoch())) {
        return position.offset() <= era.end();
      }
    }
    return false;
  }

  /** What is kept after an offset, as long as it is not more than so many bytes; at least one. */
  List<Item> after(long offset, long mostBytes) {
    var found = new ArrayList<Item>();
    long at = base;
    long left = mostBytes;
    for (Item item : items) {
      at++;
      if (at > offset) {
        left -= item.sealed().length;
        if (left < 0 && !found.isEmpty()) {
          break;
        }
        found.add(item);
      }
    }
    return found;
  }

  @Override
  public void writeData(ObjectDataOutput out) throws IOException {
    out.writeString(owner);
    writeEras(out, List.copyOf(eras));
    out.writeLong(base);
    writeItems(out, List.copyOf(items));
    out.writeInt(newest.size());
    for (Appended each : newest) {
      out.writeLong(each.id());
      out.writeString(each.at().epoch());
      out.writeLong(each.at().offset());
    }
  }

  @Override
  public void readData(ObjectDataInput in) throws IOException {
    owner = ConnectionEntry.text(in);
    eras.addAll(readEras(in));
    base = in.readLong();
    for (Item item : readItems(in)) {
      items.addLast(new Item(item.id(), known(item.epoch()), item.millis(), item.sealed()));
    }
    items.forEach(item -> bytes += item.sealed().length);
    for (int left = in.readInt(); left > 0; left--) {
      long id = in.readLong();
      String epoch = known(ConnectionEntry.text(in));
      newest.addLast(new Appended(id, new ChannelPosition(epoch, in.readLong())));
    }
  }

  /** One text for all that are of an era. */
  private String known(String epoch) {
    for (Era era : eras) {
      if (era.epoch().equals(epoch)) {
        return era.epoch();
      }
    }
    return epoch;
  }

  static void writeEras(ObjectDataOutput out, List<Era> eras) throws IOException {
    out.writeInt(eras.size());
    for (Era era : eras) {
      out.writeString(era.epoch());
      out.writeLong(era.end());
    }
  }

  static List<Era> readEras(ObjectDataInput in) throws IOException {
    var eras = new ArrayList<Era>();
    for (int left = in.readInt(); left > 0; left--) {
      eras.add(new Era(ConnectionEntry.text(in), in.readLong()));
    }
    return eras;
  }

  static void writeItems(ObjectDataOutput out, List<Item> items) throws IOException {
    out.writeInt(items.size());
    for (Item item : items) {
      out.writeLong(item.id());
      out.writeString(item.epoch());
      out.writeLong(item.millis());
      out.writeByteArray(item.sealed());
    }
  }

  static List<Item> readItems(ObjectDataInput in) throws IOException {
    var items = new ArrayList<Item>();
    for (int left = in.readInt(); left > 0; left--) {
      items.add(
          new Item(
              in.readLong(), ConnectionEntry.text(in), in.readLong(), ConnectionEntry.bytes(in)));
    }
    return items;
  }

  @Override
  public int getFactoryId() {
    return GridTypes.FACTORY;
  }

  @Override
  public int getClassId() {
    return GridTypes.CHANNEL;
  }
}
