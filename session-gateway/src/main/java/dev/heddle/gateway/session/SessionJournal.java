package dev.heddle.gateway.session;

import dev.heddle.process.DataDirectory;
import dev.heddle.process.DurableFiles;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What this member holds of sessions, as owner or backup, in a file that records are appended to.
 * The last record of a session is what holds; the rest goes when the file is written anew. Where
 * the disk does not take a record, the journal <i>lags</i> until it could be written anew.
 *
 * <p>Until {@link #restored} it gives what it had when it was opened, whatever is appended
 * meanwhile, and takes nothing that is older than what it has.
 *
 * <p>Records are appended by any thread, which waits for no disk but to copy them to the system's
 * memory; one calls {@link #tick}, one {@link #sync}.
 */
final class SessionJournal implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(SessionJournal.class);
  private static final int FORMAT = 1;
  private static final String FILE = "journal";
  private static final String NEW = "journal.new";
  private static final String GRID = "grid";

  /** Less than that is not worth writing the file anew. */
  private static final long LEAST_WASTE = 4 << 20;

  /** Ticks that pass before a file that could not be written anew is tried again: first, most. */
  private static final int PAUSE = 5;

  private static final int LONGEST_PAUSE = 80;

  /** Looking for sessions whose time is over takes a walk through all. */
  private static final long LOOK_MILLIS = 10_000;

  /** So many may be copied while others wait. */
  private static final int FEW = 64;

  /** Then those who append are too fast. */
  private static final int ROUNDS = 16;

  private static final int BYTES_A_SESSION = 1 << 10;

  private final DataDirectory directory;
  private final JournalDisk disk;
  private final Clock clock;
  private final long mostBytes;
  private final int mostSessions;
  private final Path path;
  private final ReentrantLock lock = new ReentrantLock();

  /** Changed under the lock, walked through without. */
  private ConcurrentHashMap<String, JournalSlot> slots = new ConcurrentHashMap<>();

  /** What it had when it was opened; null: all of that is back. */
  private @Nullable Map<String, JournalSlot> found;

  private JournalDisk.Open file;
  private long end;
  private long liveBytes;
  private long lastWritten;
  private boolean unsynced;
  private boolean closed;
  private volatile boolean lagging;

  /** While the file is written anew: what has changed since that began; null: it is not. */
  private @Nullable Map<String, JournalSlot> since;

  /** While the new file is brought to disk: takes what this one takes; null: there is none. */
  private @Nullable JournalCopy mirror;

  // Of the thread that ticks.
  private int pause;
  private int nextPause = PAUSE;
  private boolean sawLag;
  private long nextLook = Long.MIN_VALUE;

  private SessionJournal(
      DataDirectory directory, SessionConfig config, JournalDisk disk, Clock clock)
      throws IOException {
    this.directory = directory;
    this.disk = disk;
    this.clock = clock;
    this.mostBytes = config.storeMax().bytes();
    this.mostSessions = (int) Math.min(mostBytes / BYTES_A_SESSION, 1 << 30);
    this.path = directory.path().resolve(FILE);
    // Of a crash while the file was written anew.
    Files.deleteIfExists(path.resolveSibling(NEW));
    this.file = disk.open(path);
    try {
      disk.syncNames(directory.path());
      load();
      found = Map.copyOf(slots);
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
      Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rwx------"));
      disk.syncNames(Objects.requireNonNull(path.toAbsolutePath().getParent()));
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

  /** Who knows the grid's name may join the grid: what is kept of it does not tell it. */
  private static void checkGrid(Path path, String grid) throws IOException {
    Path file = path.resolve(GRID);
    String mark = hash(grid);
    if (!Files.exists(file)) {
      DurableFiles.replace(file, mark.getBytes(StandardCharsets.UTF_8));
      Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
      return;
    }
    if (!Files.readString(file).strip().equals(mark)) {
      throw new HeddleException(
          ErrorCode.CONFLICT,
          "session.store: "
              + path
              + ": sessions of another grid (expected: of the one that session.keys names)");
    }
  }

  private static String hash(String grid) {
    try {
      MessageDigest sha256 = MessageDigest.getInstance("SHA-256");
      return HexFormat.of().formatHex(sha256.digest(grid.getBytes(StandardCharsets.UTF_8)));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  private void load() throws IOException {
    var whole =
        new JournalScan(file)
            .scan((at, bytes, record) -> {
              put(record.key(), JournalSlot.of(at, bytes, record.entry()));
              lastWritten = record.writtenMillis();
            });
    end = whole.end();
    if (whole.damages() > 0 || whole.torn() > 0) {
      log.warn(
          "session store damaged path={} places={} tornBytes={} sessions={}",
          path,
          whole.damages(),
          whole.torn(),
          slots.size());
      file.truncate(end);
    }
  }

  private void put(String key, JournalSlot slot) {
    JournalSlot before = slots.put(key, slot);
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
      JournalSlot known = slots.get(key);
      if (known == null || !known.tells(entry)) {
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
    JournalSlot known = slots.get(key);
    if (found != null && known != null && known.outlives(entry)) {
      // It comes from another journal, which was told less. If not, all is told again later.
      return;
    }
    long now = clock.millis();
    byte[] record = new JournalRecord(key, now, entry).bytes();
    JournalSlot slot = JournalSlot.of(end, record.length, entry);
    try {
      if (end + record.length > mostBytes) {
        throw new IOException("more than " + mostBytes + " bytes, which session.store-max allows");
      }
      if (known == null && slots.size() >= mostSessions) {
        throw new IOException(
            "more than " + mostSessions + " sessions, which session.store-max allows");
      }
      file.write(end, record);
      put(key, slot);
      end += record.length;
      lastWritten = now;
      unsynced = true;
      if (since != null) {
        since.put(key, slot);
      }
      if (mirror != null) {
        mirror.append(key, record, slot);
      }
    } catch (IOException e) {
      lags(e);
    }
  }

  private void lags(IOException cause) {
    if (!lagging) {
      lagging = true;
      log.error(
          "session store lags: changes are in memory only path={} error={}",
          path,
          cause.toString());
    }
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

  /** What was there is back: from now on, what it is told holds. */
  void restored() {
    lock.lock();
    try {
      found = null;
    } finally {
      lock.unlock();
    }
  }

  private Map<String, JournalSlot> given() {
    lock.lock();
    try {
      return found == null ? slots : found;
    } finally {
      lock.unlock();
    }
  }

  /** Keys of the sessions whose time is not over. */
  List<String> keys() {
    long now = now();
    return given().entrySet().stream()
        .filter(slot -> slot.getValue().expires() > now)
        .map(Map.Entry::getKey)
        .toList();
  }

  /**
   * A session as it is in the file; null: it is not there any more, or damaged. Not while the file
   * is written anew.
   *
   * @throws IOException if the disk does not give it
   */
  @Nullable SessionEntry read(String key) throws IOException {
    JournalSlot slot = given().get(key);
    byte[] record = slot == null ? null : slot.record(file, key);
    return record == null
        ? null
        : JournalRecord.read(record, 0, record.length - JournalRecord.HEAD).entry();
  }

  /**
   * Writes the file anew where that is worth it, or where the journal lags.
   *
   * @return whether it lacks what it is to be told again
   */
  boolean tick() {
    if (sawLag != lagging) {
      sawLag = lagging;
      pause = 0;
      nextPause = PAUSE;
    }
    if (restoring()) {
      return false;
    }
    if (pause > 0) {
      pause--;
      return false;
    }
    try {
      prune();
      boolean lacks = (lagging || wasted()) && rewrite();
      nextPause = PAUSE;
      return lacks;
    } catch (IOException e) {
      // What works still goes on: it is only longer than it needs to be.
      log.warn("session store not written anew path={} error={}", path, e.toString());
      pause = nextPause;
      nextPause = Math.min(2 * nextPause, LONGEST_PAUSE);
      return false;
    }
  }

  private boolean restoring() {
    lock.lock();
    try {
      return found != null;
    } finally {
      lock.unlock();
    }
  }

  /** Brings to disk what was appended; where that fails, the journal lags. */
  void sync() {
    JournalDisk.Open synced;
    lock.lock();
    try {
      if (!unsynced || closed) {
        return;
      }
      unsynced = false;
      synced = file;
    } finally {
      lock.unlock();
    }
    try {
      synced.sync();
    } catch (IOException e) {
      lock.lock();
      try {
        // Else another took its place, which has all of it.
        if (synced.equals(file) && !closed) {
          lags(e);
        }
      } finally {
        lock.unlock();
      }
    }
  }

  private void prune() {
    long now = now();
    if (!lagging && now < nextLook) {
      return;
    }
    nextLook = now + LOOK_MILLIS;
    for (Map.Entry<String, JournalSlot> each : slots.entrySet()) {
      JournalSlot slot = each.getValue();
      if (slot.expires() <= now) {
        lock.lock();
        try {
          liveBytes -= slots.remove(each.getKey(), slot) ? slot.bytes() : 0;
        } finally {
          lock.unlock();
        }
      }
    }
  }

  private boolean wasted() {
    lock.lock();
    try {
      long waste = end - liveBytes;
      return waste > Math.max(LEAST_WASTE, liveBytes)
          || (end > mostBytes / 4 * 3 && waste > mostBytes / 16);
    } finally {
      lock.unlock();
    }
  }

  /**
   * Writes what holds to a new file, which then takes the place of this one. A crash leaves the one
   * or the other, and both have what was appended: first it is copied, the last of it while others
   * wait, and then written to both until the new one is on disk and has its name.
   *
   * @return whether there is anything that it lacks: what was lost while it lagged until now, or
   *     what was found damaged
   */
  boolean rewrite() throws IOException {
    Path temporary = path.resolveSibling(NEW);
    JournalDisk.Open next = disk.open(temporary);
    boolean named = false;
    try {
      next.truncate(0);
      var copy = new JournalCopy(next);
      begin();
      var known = new ArrayList<>(Map.copyOf(slots).entrySet());
      known.sort(Comparator.comparingLong(each -> each.getValue().at()));
      copy.addAll(known, file);
      next.sync();
      catchUp(copy);
      next.sync();
      disk.replace(temporary, path);
      named = true;
      IOException unnamed = syncNames();
      return takeOver(next, copy, unnamed);
    } finally {
      if (!named) {
        giveUp();
        next.close();
        Files.deleteIfExists(temporary);
      }
    }
  }

  private void begin() throws IOException {
    lock.lock();
    try {
      if (liveBytes > mostBytes / 4 * 3 || slots.size() > mostSessions / 4 * 3) {
        throw new IOException(
            liveBytes
                + " bytes of "
                + slots.size()
                + " sessions (expected: at most 3/4 of what session.store-max allows)");
      }
      since = new LinkedHashMap<>();
    } finally {
      lock.unlock();
    }
  }

  /** Copies what has changed, until that is so little that others can wait for it. */
  private void catchUp(JournalCopy copy) throws IOException {
    for (int round = 0; round < ROUNDS; round++) {
      Map<String, JournalSlot> changed;
      lock.lock();
      try {
        changed = Objects.requireNonNull(since);
        if (changed.size() <= FEW) {
          copy.addAll(changed.entrySet(), file);
          since = null;
          mirror = copy;
          return;
        }
        since = new LinkedHashMap<>();
      } finally {
        lock.unlock();
      }
      copy.addAll(changed.entrySet(), file);
    }
    throw new IOException("others append faster than it is copied");
  }

  private @Nullable IOException syncNames() {
    try {
      disk.syncNames(directory.path());
      return null;
    } catch (IOException e) {
      return e;
    }
  }

  private boolean takeOver(JournalDisk.Open next, JournalCopy copy, @Nullable IOException unnamed)
      throws IOException {
    JournalDisk.Open before;
    boolean lacks;
    lock.lock();
    try {
      lacks = lagging || copy.damaged() > 0;
      if (lagging) {
        log.warn(
            "session store takes changes again path={} sessions={}", path, copy.slots().size());
      }
      if (copy.damaged() > 0) {
        log.error("session store damaged path={} records={}", path, copy.damaged());
      }
      before = file;
      file = next;
      slots = copy.slots();
      end = copy.end();
      liveBytes = copy.liveBytes();
      mirror = null;
      unsynced = true;
      lagging = false;
      if (unnamed != null) {
        lags(unnamed);
      }
    } finally {
      lock.unlock();
    }
    before.close();
    return lacks;
  }

  private void giveUp() {
    lock.lock();
    try {
      since = null;
      mirror = null;
    } finally {
      lock.unlock();
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
