package dev.heddle.catalog;

import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.RequestContext;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What someone has written or seen: a position in each shard that they met, over any number of
 * datasets. Opaque text for clients, which hand it back to read at or after it. Immutable; grows
 * only.
 *
 * <p>A token is at most {@link RequestContext#LONGEST_POSITION} characters long: room for some
 * thousand shards. At the limit it forgets whole datasets, those first that were raised longest
 * ago, and remembers that it did: {@link #mayLack} then tells which datasets a reader has to read
 * linearizably, which is never less than what was forgotten. No position is lost silently.
 *
 * <p>It holds hashes in place of ids: 8 bytes of a dataset's id and of its name, so that a dropped
 * and recreated dataset is noticed, and 6 of an incarnation.
 */
public final class PositionToken {
  /** Nothing written, nothing seen; its text is empty. */
  public static final PositionToken EMPTY = new PositionToken(List.of(), false);

  /** Raised longest ago first. */
  private final List<Entry> entries;

  private final boolean forgetful;
  private @Nullable String text;

  private PositionToken(List<Entry> entries, boolean forgetful) {
    this.entries = entries;
    this.forgetful = forgetful;
  }

  /** A token of any size, cut down to what is allowed. */
  static PositionToken within(List<Entry> entries, boolean forgetful) {
    int drop = 0;
    int bytes = PositionTokenText.bytes(entries);
    while (bytes > PositionTokenText.MOST_BYTES) {
      bytes -= PositionTokenText.bytes(entries.get(drop++));
    }
    return drop == 0
        ? new PositionToken(List.copyOf(entries), forgetful)
        : new PositionToken(List.copyOf(entries.subList(drop, entries.size())), true);
  }

  /**
   * Reads what {@link #toString} wrote.
   *
   * @param text empty: an empty token
   * @throws HeddleException INVALID_REQUEST for anything else
   */
  public static PositionToken parse(String text) {
    return text.isEmpty() ? EMPTY : PositionTokenText.parse(text);
  }

  public boolean isEmpty() {
    return entries.isEmpty() && !forgetful;
  }

  /** With a position in it, if that is ahead; see {@link #with(DatasetRecord, List)}. */
  public PositionToken with(DatasetRecord dataset, int shard, String incarnation, long index) {
    return with(dataset, List.of(new Position(shard, incarnation, index)));
  }

  /**
   * With positions of a dataset in it, those that are ahead of what the token has. A position of
   * another incarnation than the token's replaces it: it was seen later. An index below 1 says
   * nothing and is left out.
   */
  public PositionToken with(DatasetRecord dataset, List<Position> positions) {
    Entry added = Entry.of(dataset, positions);
    return added.shards.length == 0 ? this : merged(List.of(added), false);
  }

  /**
   * With everything that {@code other} has. Where both have a position of the same incarnation, the
   * higher one holds; of different ones, that of {@code other}, which is taken for the newer token.
   */
  public PositionToken merge(PositionToken other) {
    if (other.isEmpty()) {
      return this;
    }
    return isEmpty() ? other : merged(other.entries, other.forgetful);
  }

  private PositionToken merged(List<Entry> others, boolean otherForgetful) {
    List<Entry> kept = new ArrayList<>(entries.size() + others.size());
    List<Entry> raised = new ArrayList<>(others.size());
    boolean changed = otherForgetful && !forgetful;
    for (Entry mine : entries) {
      if (find(others, mine.dataset) == null) {
        // Whoever has forgotten something may have forgotten just this.
        kept.add(otherForgetful && mine.whole ? mine.partial() : mine);
      }
    }
    for (Entry theirs : others) {
      Entry mine = find(entries, theirs.dataset);
      if (mine == null) {
        changed = true;
        raised.add(forgetful && theirs.whole ? theirs.partial() : theirs);
      } else {
        Entry both = mine.plus(theirs);
        changed |= both != mine;
        raised.add(both);
      }
    }
    if (!changed) {
      return this;
    }
    kept.addAll(raised);
    return within(kept, forgetful || otherForgetful);
  }

  private static @Nullable Entry find(List<Entry> entries, long dataset) {
    for (Entry entry : entries) {
      if (entry.dataset == dataset) {
        return entry;
      }
    }
    return null;
  }

  /**
   * The positions of a dataset that a read must have seen, by shard; empty where there are none.
   *
   * @throws HeddleException POSITION_LOST if the token speaks of a history that is no more: of a
   *     dropped dataset of this name, or of a shard that was restored
   */
  public List<Position> of(DatasetRecord dataset) {
    if (entries.isEmpty()) {
      return List.of();
    }
    long id = Entry.hash(dataset.id());
    long name = Entry.hash(dataset.tenant() + "/" + dataset.name());
    List<Position> positions = List.of();
    for (Entry entry : entries) {
      if (entry.dataset == id) {
        positions = entry.positions(dataset);
      } else if (entry.name == name) {
        throw lost(dataset, "of a dropped dataset of this name");
      }
    }
    return positions;
  }

  /**
   * Whether the token may have forgotten positions of the dataset at its size limit: a read after
   * this token then has to be linearizable.
   */
  public boolean mayLack(DatasetRecord dataset) {
    if (!forgetful) {
      return false;
    }
    Entry entry = find(entries, Entry.hash(dataset.id()));
    return entry == null || !entry.whole;
  }

  /** What it says of datasets of this name, whether they are there or not. */
  public PositionToken about(String tenant, String dataset) {
    long name = Entry.hash(tenant + "/" + dataset);
    return new PositionToken(entries.stream().filter(entry -> entry.name == name).toList(), false);
  }

  /** Without the positions that {@code other} has, but for those that were raised since. */
  public PositionToken without(PositionToken other) {
    List<Entry> left = new ArrayList<>(entries.size());
    for (Entry mine : entries) {
      Entry theirs = find(other.entries, mine.dataset);
      Entry rest = theirs == null ? mine : mine.minus(theirs);
      if (rest.shards.length > 0) {
        left.add(rest);
      }
    }
    return new PositionToken(List.copyOf(left), forgetful);
  }

  private static HeddleException lost(DatasetRecord dataset, String what) {
    return new HeddleException(
        ErrorCode.POSITION_LOST,
        "position in dataset "
            + dataset.name()
            + ": "
            + what
            + " (expected: of its present history; start again without the token)");
  }

  boolean forgetful() {
    return forgetful;
  }

  List<Entry> entries() {
    return entries;
  }

  /** The token as text, of letters, digits, {@code -} and {@code _}; empty for an empty token. */
  @Override
  public String toString() {
    String known = text;
    if (known == null) {
      known = isEmpty() ? "" : PositionTokenText.format(this);
      // Any thread computes the same.
      text = known;
    }
    return known;
  }

  /**
   * A place in a shard's history.
   *
   * @param index of the log entry, from 1
   */
  public record Position(int shard, String incarnation, long index) {}

  /** A dataset's positions. Equal lengths; shards ascending, indexes from 1. */
  static final class Entry {
    final long dataset;
    final long name;

    /** Whether nothing of the dataset was ever forgotten. */
    final boolean whole;

    final int[] shards;
    final long[] incarnations;
    final long[] indexes;

    Entry(
        long dataset, long name, boolean whole, int[] shards, long[] incarnations, long[] indexes) {
      this.dataset = dataset;
      this.name = name;
      this.whole = whole;
      this.shards = shards;
      this.incarnations = incarnations;
      this.indexes = indexes;
    }

    static Entry of(DatasetRecord dataset, List<Position> positions) {
      List<Position> sorted = new ArrayList<>(positions.size());
      for (Position position : positions) {
        if (position.index() >= 1) {
          sorted.add(position);
        }
      }
      sorted.sort((a, b) -> Integer.compare(a.shard(), b.shard()));
      int[] shards = new int[sorted.size()];
      long[] incarnations = new long[sorted.size()];
      long[] indexes = new long[sorted.size()];
      int count = 0;
      for (Position position : sorted) {
        if (position.shard() < 0 || position.shard() >= DatasetRecord.MOST_SHARDS) {
          throw new HeddleException(
              ErrorCode.OUT_OF_RANGE,
              "shard: "
                  + position.shard()
                  + " (expected: 0.."
                  + (DatasetRecord.MOST_SHARDS - 1)
                  + ")");
        }
        long incarnation = shortHash(position.incarnation());
        if (count > 0 && shards[count - 1] == position.shard()) {
          count--;
          boolean same = incarnations[count] == incarnation;
          indexes[count] = same ? Math.max(indexes[count], position.index()) : position.index();
        } else {
          indexes[count] = position.index();
        }
        shards[count] = position.shard();
        incarnations[count++] = incarnation;
      }
      return new Entry(
          hash(dataset.id()),
          hash(dataset.tenant() + "/" + dataset.name()),
          true,
          Arrays.copyOf(shards, count),
          Arrays.copyOf(incarnations, count),
          Arrays.copyOf(indexes, count));
    }

    Entry partial() {
      return new Entry(dataset, name, false, shards, incarnations, indexes);
    }

    /** Both; this same object where the other adds nothing. */
    Entry plus(Entry other) {
      int[] outShards = new int[shards.length + other.shards.length];
      long[] outIncarnations = new long[outShards.length];
      long[] outIndexes = new long[outShards.length];
      boolean raised = whole && !other.whole;
      int count = 0;
      int a = 0;
      int b = 0;
      while (a < shards.length || b < other.shards.length) {
        int mine = a < shards.length ? shards[a] : Integer.MAX_VALUE;
        int theirs = b < other.shards.length ? other.shards[b] : Integer.MAX_VALUE;
        boolean takeTheirs = theirs < mine || (theirs == mine && ahead(other, b, a));
        outShards[count] = Math.min(mine, theirs);
        outIncarnations[count] = takeTheirs ? other.incarnations[b] : incarnations[a];
        outIndexes[count++] = takeTheirs ? other.indexes[b] : indexes[a];
        raised |= takeTheirs;
        a += mine <= theirs ? 1 : 0;
        b += theirs <= mine ? 1 : 0;
      }
      return raised
          ? new Entry(
              dataset,
              other.name,
              whole && other.whole,
              Arrays.copyOf(outShards, count),
              Arrays.copyOf(outIncarnations, count),
              Arrays.copyOf(outIndexes, count))
          : this;
    }

    /** What the other has not, or not so far. */
    Entry minus(Entry other) {
      int[] outShards = new int[shards.length];
      long[] outIncarnations = new long[shards.length];
      long[] outIndexes = new long[shards.length];
      int count = 0;
      for (int i = 0; i < shards.length; i++) {
        int at = Arrays.binarySearch(other.shards, shards[i]);
        if (at < 0 || other.incarnations[at] != incarnations[i] || other.indexes[at] < indexes[i]) {
          outShards[count] = shards[i];
          outIncarnations[count] = incarnations[i];
          outIndexes[count++] = indexes[i];
        }
      }
      return new Entry(
          dataset,
          name,
          whole,
          Arrays.copyOf(outShards, count),
          Arrays.copyOf(outIncarnations, count),
          Arrays.copyOf(outIndexes, count));
    }

    private boolean ahead(Entry other, int theirs, int mine) {
      return other.incarnations[theirs] != incarnations[mine]
          || other.indexes[theirs] > indexes[mine];
    }

    List<Position> positions(DatasetRecord record) {
      List<Position> positions = new ArrayList<>(shards.length);
      for (int i = 0; i < shards.length; i++) {
        if (shards[i] >= record.shards().size()) {
          throw lost(record, "of shard " + shards[i]);
        }
        String incarnation = record.shards().get(shards[i]).incarnation();
        if (shortHash(incarnation) != incarnations[i]) {
          throw lost(record, "of another incarnation of shard " + shards[i]);
        }
        positions.add(new Position(shards[i], incarnation, indexes[i]));
      }
      return positions;
    }

    /** The first 8 bytes of the text's SHA-256. */
    static long hash(String text) {
      try {
        byte[] digest =
            MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
        long hash = 0;
        for (int i = 0; i < Long.BYTES; i++) {
          hash = hash << 8 | (digest[i] & 0xff);
        }
        return hash;
      } catch (NoSuchAlgorithmException e) {
        throw new IllegalStateException("every JDK has SHA-256", e);
      }
    }

    /** 48 bits: FNV-1a, mixed. There are many shards, and incarnations are random already. */
    static long shortHash(String text) {
      long hash = 0xcbf29ce484222325L;
      for (int i = 0; i < text.length(); i++) {
        hash = (hash ^ text.charAt(i)) * 0x100000001b3L;
      }
      hash = (hash ^ hash >>> 33) * 0xff51afd7ed558ccdL;
      hash = (hash ^ hash >>> 33) * 0xc4ceb9fe1a85ec53L;
      return hash >>> 16;
    }
  }
}
