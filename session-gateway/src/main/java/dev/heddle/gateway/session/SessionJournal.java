package dev.heddle.gateway.session;

import dev.heddle.process.DataDirectory;
import dev.heddle.process.DurableFiles;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What this member holds of sessions, as owner or backup, in a file that records are appended to.
 * The last record of a session is what holds; the rest goes when the file is written anew. Where
 * the disk does not take a record, the journal <i>lags</i> until it could be written anew.
 *
 * <p>Records are appended by any thread; one alone calls {@link #tick}.
 */
final class SessionJournal implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(SessionJournal.class);
  private static final int FORMAT = 1;
  private static final String FILE = "journal";
  private static final String GRID = "grid";

  /** Less than that is not worth writing the file anew. */
  private static final long LEAST_WASTE = 4 << 20;

  /** Ticks that pass before a disk that did not take it is tried again. */
  private static final int PAUSE = 5;

  /** Where the last record of a session is, and what it says of it. */
  private record Slot(
      long at, int bytes, long version, long touched, boolean ended, long expires) {}

  private final DataDirectory directory;
  private final JournalDisk disk;
  private final Clock clock;
  private final long mostBytes;
  private final boolean syncs;
  private final Path path;
  private final ReentrantLock lock = new ReentrantLock();

  /** In the order of their records. */
  private LinkedHashMap<String, Slot> slots = new LinkedHashMap<>();

  private JournalDisk.Open file;
  private long end;
  private long liveBytes;
  private long lastWritten;
  private boolean unsynced;
  private boolean closed;
  private volatile boolean lagging;
  private int pause;

  private SessionJournal(
      DataDirectory directory, SessionConfig config, JournalDisk disk, Clock clock)
      throws IOException {
    this.directory = directory;
    this.disk = disk;
    this.clock = clock;
    this.mostBytes = config.storeMax().bytes();
    this.syncs = config.storeSync().isZero();
    this.path = directory.path().resolve(FILE);
    this.file = disk.open(path);
    try {
      load();
    } catch (IOException | RuntimeException e) {
      file.close();
      throw e;
    }
  }

  /**
   * Opens a directory, and reads what is there.
   *
   * @param grid the name of the grid whose sessions these are
   * @throws HeddleException CONFLICT if another process has it, or another grid's sessions are
   *     there; STORAGE_FAILED if it cannot be used
   */
  static SessionJournal open(
      Path path, String grid, SessionConfig config, JournalDisk disk, Clock clock) {
    DataDirectory directory = DataDirectory.open(path, FORMAT, "sessions");
    try {
      checkGrid(path, grid);
      return new SessionJournal(directory, config, disk, clock);
    } catch (IOException e) {
      directory.close();
      throw new HeddleException(
          ErrorCode.STORAGE_FAILED,
          "session.store: " + path + " (expected: a directory that can be written): " + e,
          e);
    } catch (RuntimeException e) {
      directory.close();
      throw e;
    }
  }

  private static void checkGrid(Path path, String grid) throws IOException {
    Path file = path.resolve(GRID);
    if (!Files.exists(file)) {
      DurableFiles.replace(file, grid.getBytes(StandardCharsets.UTF_8));
      return;
    }
    String found = Files.readString(file).strip();
    if (!found.equals(grid)) {
      throw new HeddleException(
          ErrorCode.CONFLICT,
          "session.store: "
              + path
              + ": sessions of the grid "
              + found
              + " (expected: of "
              + grid
              + ", which session.keys names)");
    }
  }

  private void load() throws IOException {
    var found =
        new JournalScan(file)
            .scan((at, bytes, record) -> {
              put(record.key(), slot(at, bytes, record.entry()));
              lastWritten = record.writtenMillis();
            });
    end = found.end();
    if (found.damages() > 0 || found.torn() > 0) {
      log.warn(
          "session store damaged path={} places={} tornBytes={} sessions={}",
          path,
          found.damages(),
          found.torn(),
          slots.size());
      file.truncate(end);
    }
  }

  private static Slot slot(long at, int bytes, SessionEntry entry) {
    return new Slot(
        at, bytes, entry.version(), entry.touchedMillis(), entry.ended(), entry.expiresMillis());
  }

  private void put(String key, Slot slot) {
    // Also its place in the order is that of the new record.
    Slot before = slots.remove(key);
    slots.put(key, slot);
    liveBytes += slot.bytes() - (before == null ? 0 : before.bytes());
  }

  /**
   * The time, as far as it is known: that of the last record, where the clock has gone back since.
   */
  long now() {
    lock.lock();
    try {
      return Math.max(clock.millis(), lastWritten);
    } finally {
      lock.unlock();
    }
  }

  /** What the session is now. Does not fail: where it cannot be written, the journal lags. */
  void keep(String key, SessionEntry entry) {
    lock.lock();
    try {
      append(key, entry);
    } finally {
      lock.unlock();
    }
  }

  /** As {@link #keep}, unless that is what the journal says already. */
  void keepOther(String key, SessionEntry entry) {
    lock.lock();
    try {
      Slot known = slots.get(key);
      if (known == null
          || known.version() != entry.version()
          || known.touched() != entry.touchedMillis()
          || known.ended() != entry.ended()) {
        append(key, entry);
      }
    } finally {
      lock.unlock();
    }
  }

  private void append(String key, SessionEntry entry) {
    if (lagging || closed) {
      return;
    }
    long now = clock.millis();
    byte[] record = new JournalRecord(key, now, entry).bytes();
    try {
      if (end + record.length > mostBytes) {
        throw new IOException("more than " + mostBytes + " bytes, which session.store-max allows");
      }
      file.write(end, record);
      if (syncs) {
        file.sync();
      }
    } catch (IOException e) {
      lags(e);
      return;
    }
    put(key, slot(end, record.length, entry));
    end += record.length;
    lastWritten = now;
    unsynced = !syncs;
  }

  private void lags(IOException cause) {
    pause = 0;
    lagging = true;
    log.error(
        "session store lags: changes are in memory only path={} error={}", path, cause.toString());
  }

  /** Whether there are changes that are not in it. */
  boolean lagging() {
    return lagging;
  }

  /** Bytes of the file. */
  long bytes() {
    lock.lock();
    try {
      return end;
    } finally {
      lock.unlock();
    }
  }

  /** Sessions, also ended ones, that it has. */
  int sessions() {
    lock.lock();
    try {
      return slots.size();
    } finally {
      lock.unlock();
    }
  }

  /** Keys of the sessions whose time is not over. */
  List<String> keys() {
    long now = now();
    lock.lock();
    try {
      return slots.entrySet().stream()
          .filter(slot -> slot.getValue().expires() > now)
          .map(Map.Entry::getKey)
          .toList();
    } finally {
      lock.unlock();
    }
  }

  /**
   * A session as it is in the file; null: it is not there any more, or damaged.
   *
   * @throws IOException if the disk does not give it
   */
  @Nullable SessionEntry read(String key) throws IOException {
    lock.lock();
    try {
      Slot slot = slots.get(key);
      if (slot == null) {
        return null;
      }
      byte[] record = new byte[slot.bytes()];
      int length = record.length - JournalRecord.HEAD;
      return file.read(slot.at(), record, record.length) == record.length
          ? JournalRecord.read(record, 0, length).entry()
          : null;
    } finally {
      lock.unlock();
    }
  }

  /**
   * Brings to disk what was appended, and writes the file anew where that is worth it.
   *
   * @return whether it has lagged until now: what it lacks is to be told again
   */
  boolean tick() {
    if (lagging && pause > 0) {
      pause--;
      return false;
    }
    boolean lagged = lagging;
    try {
      if (lagged || wasted()) {
        rewrite();
      }
      sync();
      return lagged && !lagging;
    } catch (IOException e) {
      if (!lagged) {
        lags(e);
      }
      pause = PAUSE;
      return false;
    }
  }

  private void sync() throws IOException {
    boolean needed;
    lock.lock();
    try {
      needed = unsynced;
      unsynced = false;
    } finally {
      lock.unlock();
    }
    if (needed) {
      file.sync();
    }
  }

  private boolean wasted() {
    long now = now();
    lock.lock();
    try {
      slots
          .values()
          .removeIf(slot -> {
            boolean over = slot.expires() <= now;
            liveBytes -= over ? slot.bytes() : 0;
            return over;
          });
      return end - liveBytes > Math.max(LEAST_WASTE, liveBytes);
    } finally {
      lock.unlock();
    }
  }

  /**
   * Writes what holds to a new file, which then takes the place of this one. A crash leaves the one
   * or the other. Most is copied while others append; only what they have appended is copied while
   * they wait.
   */
  void rewrite() throws IOException {
    Path temporary = path.resolveSibling(FILE + ".new");
    JournalDisk.Open next = disk.open(temporary);
    boolean done = false;
    try {
      next.truncate(0);
      List<Map.Entry<String, Slot>> known = known();
      var copy = new Copy(next);
      for (Map.Entry<String, Slot> each : known) {
        copy.add(each.getKey(), each.getValue());
      }
      copy.flush();
      next.sync();
      lock.lock();
      try {
        slots.forEach(copy::keepOrLater);
        copy.copied.keySet().retainAll(slots.keySet());
        for (Map.Entry<String, Slot> each : copy.later) {
          copy.add(each.getKey(), each.getValue());
        }
        copy.flush();
        next.sync();
        disk.replace(temporary, path);
        file.close();
        file = next;
        slots = copy.copied;
        end = copy.end;
        liveBytes = end;
        unsynced = false;
        done = true;
        if (lagging) {
          log.warn("session store takes changes again path={} sessions={}", path, slots.size());
        }
        lagging = false;
      } finally {
        lock.unlock();
      }
    } finally {
      if (!done) {
        next.close();
        Files.deleteIfExists(temporary);
      }
    }
  }

  private List<Map.Entry<String, Slot>> known() throws IOException {
    lock.lock();
    try {
      if (liveBytes > mostBytes / 4 * 3) {
        throw new IOException(
            liveBytes + " bytes of sessions (expected: at most 3/4 of session.store-max)");
      }
      return List.copyOf(slots.entrySet());
    } finally {
      lock.unlock();
    }
  }

  /** Records on their way to another file. */
  private final class Copy {
    private static final int CHUNK = 1 << 20;
    private final JournalDisk.Open to;

    /** What each was copied from, and where to. */
    private final LinkedHashMap<String, Slot> from = new LinkedHashMap<>();

    private final LinkedHashMap<String, Slot> copied = new LinkedHashMap<>();
    private final List<Map.Entry<String, Slot>> later = new ArrayList<>();
    private byte[] waiting = new byte[CHUNK];
    private int waits;
    private long flushed;
    private long end;

    Copy(JournalDisk.Open to) {
      this.to = to;
    }

    void add(String key, Slot slot) throws IOException {
      if (waits + slot.bytes() > waiting.length) {
        flush();
      }
      if (slot.bytes() > waiting.length) {
        waiting = new byte[slot.bytes()];
      }
      byte[] record = new byte[slot.bytes()];
      if (file.read(slot.at(), record, record.length) < record.length) {
        throw new IOException("a record of " + record.length + " bytes is not there any more");
      }
      System.arraycopy(record, 0, waiting, waits, record.length);
      waits += record.length;
      from.put(key, slot);
      copied.remove(key);
      copied.put(
          key,
          new Slot(
              end, slot.bytes(), slot.version(), slot.touched(), slot.ended(), slot.expires()));
      end += record.length;
    }

    void flush() throws IOException {
      if (waits > 0) {
        to.write(flushed, Arrays.copyOf(waiting, waits));
        flushed += waits;
        waits = 0;
      }
    }

    /** What has changed since it was copied is copied again. */
    void keepOrLater(String key, Slot slot) {
      if (!slot.equals(from.get(key))) {
        later.add(Map.entry(key, slot));
      }
    }
  }

  /** What was appended is on disk then, as far as that takes it. */
  @Override
  public void close() {
    lock.lock();
    try {
      if (closed) {
        return;
      }
      closed = true;
      file.sync();
      file.close();
    } catch (IOException e) {
      log.error("session store not closed path={} error={}", path, e.toString());
    } finally {
      lock.unlock();
      directory.close();
    }
  }
}
