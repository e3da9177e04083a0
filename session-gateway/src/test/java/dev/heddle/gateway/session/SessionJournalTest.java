package dev.heddle.gateway.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.process.DataSize;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.testing.ManualClock;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A journal of sessions, on disks that do and do not what they should. */
@Timeout(300)
class SessionJournalTest {
  private static final String GRID = "grid-1";
  private static final long HOUR = Duration.ofHours(1).toMillis();

  private final ManualClock clock = new ManualClock(Instant.parse("2026-01-01T00:00:00Z"));
  private final FailingDisk disk = new FailingDisk();

  @TempDir private Path directory;

  private SessionJournal open() {
    return open(directory);
  }

  private SessionJournal open(Path at) {
    return open(at, SessionConfig.defaults());
  }

  private SessionJournal open(Path at, SessionConfig config) {
    SessionJournal journal = SessionJournal.open(at, GRID, config, disk, clock);
    journal.restored();
    return journal;
  }

  private SessionEntry entry(String value) {
    var entry = new SessionEntry(clock.millis());
    entry.sealed().put("a", value.getBytes(StandardCharsets.UTF_8));
    entry.changed(clock.millis());
    entry.expires(clock.millis() + HOUR);
    return entry;
  }

  private static Map<String, String> all(SessionJournal journal) throws IOException {
    var all = new TreeMap<String, String>();
    for (String key : journal.keys()) {
      SessionEntry entry = journal.read(key);
      assertNotNull(entry);
      byte[] value = entry.sealed().get("a");
      all.put(
          key,
          entry.ended() || value == null ? "ended" : new String(value, StandardCharsets.UTF_8));
    }
    return all;
  }

  private Path file() {
    return directory.resolve("journal");
  }

  @Test
  void theLastRecordOfASessionHolds() throws IOException {
    try (var journal = open()) {
      journal.keep("t/one", entry("1"));
      journal.keep("t/two", entry("2"));
      journal.keep("t/one", entry("3"));
      var ended = SessionEntry.ended(clock.millis(), 0);
      ended.expires(clock.millis() + HOUR);
      journal.keep("t/two", ended);
    }
    try (var journal = open()) {
      assertEquals(Map.of("t/one", "3", "t/two", "ended"), all(journal));
    }
    assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(file())));
  }

  @Test
  void whatItKnowsIsNotWrittenAgain() {
    try (var journal = open()) {
      var entry = entry("1");
      journal.keep("t/one", entry);
      long bytes = journal.bytes();
      journal.keepOther("t/one", entry);
      assertEquals(bytes, journal.bytes());
      entry.touch(clock.millis() + 1);
      journal.keepOther("t/one", entry);
      assertTrue(journal.bytes() > bytes);
    }
  }

  @Test
  void aFileThatEndsAnywhereHasAllThatIsWholeBeforeThat() throws IOException {
    var ends = new ArrayList<Long>();
    try (var journal = open()) {
      for (int i = 0; i < 5; i++) {
        journal.keep("t/" + i, entry("v" + i));
        ends.add(journal.bytes());
      }
    }
    byte[] whole = Files.readAllBytes(file());
    for (int length = 0; length <= whole.length; length++) {
      Files.write(file(), Arrays.copyOf(whole, length));
      int expected = 0;
      for (long end : ends) {
        expected += end <= length ? 1 : 0;
      }
      try (var journal = open()) {
        assertEquals(expected, all(journal).size(), "of " + length + " bytes");
        journal.keep("t/new", entry("new"));
      }
      try (var journal = open()) {
        assertEquals(expected + 1, all(journal).size(), "what is appended to " + length);
      }
    }
  }

  @Test
  void aByteThatIsWrongAnywhereCostsItsRecordAlone() throws IOException {
    var starts = new ArrayList<Long>();
    try (var journal = open()) {
      for (int i = 0; i < 4; i++) {
        starts.add(journal.bytes());
        journal.keep("t/" + i, entry("v" + i));
      }
    }
    byte[] whole = Files.readAllBytes(file());
    for (int at = 0; at < whole.length; at++) {
      byte[] wrong = whole.clone();
      wrong[at] ^= (byte) (1 << (at % 8));
      Files.write(file(), wrong);
      int hit = -1;
      for (long start : starts) {
        hit += start <= at ? 1 : 0;
      }
      var expected = new TreeMap<String, String>();
      for (int i = 0; i < 4; i++) {
        if (i != hit) {
          expected.put("t/" + i, "v" + i);
        }
      }
      try (var journal = open()) {
        assertEquals(expected, all(journal), "byte " + at);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
  void aDiskThatFailsAndCrashesAtAnyMomentLosesNothingThatWasKept(long seed) throws IOException {
    var random = new Random(seed);
    var model = new HashMap<String, String>();
    for (int run = 0; run < 25; run++) {
      var journal = open();
      assertEquals(new TreeMap<>(model), all(journal), "seed " + seed + " run " + run);
      int steps = random.nextInt(60);
      disk.failAfter(random.nextInt(3) == 0 ? Long.MAX_VALUE : random.nextInt(40_000));
      for (int i = 0; i < steps; i++) {
        String key = "t/" + random.nextInt(20);
        String value = "v" + random.nextInt(1_000) + "-".repeat(random.nextInt(2_000));
        journal.keep(key, entry(value));
        if (!journal.lagging()) {
          model.put(key, value);
        }
        if (random.nextInt(20) == 0) {
          tried(journal);
        }
        clock.advance(Duration.ofMillis(1));
      }
      // The process is gone: the file is what it is, with whatever else is about.
      disk.failAfter(Long.MAX_VALUE);
      journal.close();
      if (random.nextBoolean()) {
        Files.write(directory.resolve("journal.new"), new byte[random.nextInt(100)]);
      }
      if (random.nextBoolean()) {
        byte[] torn = new byte[random.nextInt(30)];
        random.nextBytes(torn);
        Files.write(file(), torn, StandardOpenOption.APPEND);
      }
    }
    assertFalse(model.isEmpty());
  }

  /** A rewrite that may fail; what is not in the journal then was not promised. */
  private static void tried(SessionJournal journal) {
    if (journal.lagging()) {
      return;
    }
    try {
      assertFalse(journal.rewrite());
    } catch (IOException e) {
      assertTrue(e.toString().contains("full"), e.toString());
    }
  }

  @Test
  void aFullDiskIsToldAndWrittenAnewOnceThereIsRoom() throws IOException {
    try (var journal = open()) {
      journal.keep("t/before", entry("1"));
      disk.failAfter(10);
      journal.keep("t/before", entry("2"));
      assertTrue(journal.lagging());
      assertFalse(journal.tick(), "there is no room yet");
      assertTrue(journal.lagging());
      disk.failAfter(Long.MAX_VALUE);
      ticked(journal);
      assertFalse(journal.lagging());
      assertEquals(Map.of("t/before", "1"), all(journal));
      journal.keep("t/before", entry("3"));
    }
    try (var journal = open()) {
      assertEquals(Map.of("t/before", "3"), all(journal));
    }
  }

  @Test
  void theFileIsBoundedByWhatHolds() throws IOException {
    var large = "x".repeat(20_000);
    long most = 0;
    try (var journal = open()) {
      for (int i = 0; i < 2_000; i++) {
        journal.keep("t/" + i % 10, entry(large));
        var _ = journal.tick();
        most = Math.max(most, journal.bytes());
      }
      assertEquals(10, all(journal).size());
    }
    assertTrue(most < 6 << 20, "bytes: " + most);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1})
  void whatIsAppendedWhileTheFileIsWrittenAnewIsInIt(int syncs) throws IOException {
    try (var journal = open()) {
      journal.keep("t/one", entry("1"));
      journal.keep("t/two", entry("2"));
      disk.beforeSync(
          syncs,
          () -> {
            journal.keep("t/one", entry("3"));
            journal.keep("t/three", entry("4"));
          });
      assertFalse(journal.rewrite());
      var expected = Map.of("t/one", "3", "t/two", "2", "t/three", "4");
      assertEquals(expected, all(journal));
      assertFalse(journal.rewrite());
      assertEquals(expected, all(journal));
    }
    try (var journal = open()) {
      assertEquals(Map.of("t/one", "3", "t/two", "2", "t/three", "4"), all(journal));
    }
  }

  @Test
  void whatIsOverIsDroppedAndAClockThatGoesBackRevivesNothing() throws IOException {
    try (var journal = open()) {
      journal.keep("t/old", entry("1"));
      clock.advance(Duration.ofHours(2));
      journal.keep("t/new", entry("2"));
      assertEquals(Map.of("t/new", "2"), all(journal));
    }
    clock.advance(Duration.ofHours(-2));
    try (var journal = open()) {
      assertEquals(Map.of("t/new", "2"), all(journal));
    }
  }

  @Test
  void moreThanItMayHoldIsAnEndOfWritingNotOfSessions() throws IOException {
    try (var journal = open(directory)) {
      assertFalse(journal.lagging());
    }
    var defaults = SessionConfig.defaults();
    assertThrows(IllegalArgumentException.class, () -> Settings.most(defaults, "1MiB"));
    try (var journal = open(directory, Settings.most(defaults, "16MiB"))) {
      for (int i = 0; i < 40 && !journal.lagging(); i++) {
        journal.keep("t/" + i, entry("x".repeat(1 << 20)));
      }
      assertTrue(journal.lagging());
      assertTrue(journal.bytes() <= 16 << 20);
      assertFalse(journal.tick(), "what holds is too much");
      clock.advance(Duration.ofHours(2));
      ticked(journal);
      assertFalse(journal.lagging(), "what was too much is over");
      journal.keep("t/new", entry("1"));
      assertEquals(Map.of("t/new", "1"), all(journal));
    }
  }

  private static void ticked(SessionJournal journal) {
    int ticks = 0;
    while (!journal.tick()) {
      assertTrue(ticks++ < 10, "it is tried again");
    }
  }

  @Test
  void moreSessionsThanItMayHoldAreAnEndOfWriting() {
    try (var journal = open(directory, Settings.most(SessionConfig.defaults(), "16MiB"))) {
      for (int i = 0; i < 16 << 10; i++) {
        journal.keep("t/" + i, entry("1"));
      }
      assertFalse(journal.lagging());
      journal.keep("t/0", entry("2"));
      assertFalse(journal.lagging());
      journal.keep("t/more", entry("1"));
      assertTrue(journal.lagging());
      assertEquals(16 << 10, journal.sessions());
    }
  }

  /** More than what holds, so that it is worth to write the file anew. */
  private void waste(SessionJournal journal) {
    for (int i = 0; i < 300; i++) {
      journal.keep("t/waste", entry("x".repeat(20_000)));
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1})
  void whatIsLostWhileTheFileIsWrittenAnewIsToBeToldAgain(int syncs) throws IOException {
    try (var journal = open()) {
      waste(journal);
      journal.keep("t/one", entry("1"));
      clock.advance(Duration.ofMillis(1));
      SessionEntry later = entry("2");
      disk.beforeSync(
          syncs,
          () -> {
            disk.failAfter(0);
            journal.keep("t/one", later);
            disk.failAfter(Long.MAX_VALUE);
            assertTrue(journal.lagging());
          });
      assertTrue(journal.tick(), "it lacks what was lost");
      assertFalse(journal.lagging());
      assertEquals("1", all(journal).get("t/one"));
      journal.keepOther("t/one", later);
      assertEquals("2", all(journal).get("t/one"));
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 3})
  void nobodyWaitsForADiskToTakeWhatIsAppended(int moment) throws IOException {
    try (var journal = open()) {
      journal.keep("t/one", entry("1"));
      SessionEntry later = entry("2");
      // Another thread, which would not get a lock that the one that waits for the disk holds.
      FailingDisk.Hook other =
          () -> CompletableFuture.runAsync(() -> journal.keep("t/two", later)).join();
      switch (moment) {
        case 0, 1 -> disk.beforeSync(moment, other);
        case 2 -> disk.beforeReplace(other);
        default -> disk.beforeNames(other);
      }
      assertFalse(journal.rewrite());
      assertEquals(Map.of("t/one", "1", "t/two", "2"), all(journal));
      disk.beforeSync(
          0, () -> CompletableFuture.runAsync(() -> journal.keep("t/three", later)).join());
      journal.sync();
    }
    try (var journal = open()) {
      assertEquals(Map.of("t/one", "1", "t/two", "2", "t/three", "2"), all(journal));
    }
  }

  @Test
  void beforeItIsRestoredNothingTurnsItBack() throws IOException {
    SessionEntry old = entry("old");
    clock.advance(Duration.ofMinutes(1));
    SessionEntry middle = entry("middle");
    clock.advance(Duration.ofMinutes(1));
    SessionEntry end = SessionEntry.ended(clock.millis(), 0);
    end.expires(clock.millis() + HOUR);
    clock.advance(Duration.ofMinutes(1));
    SessionEntry late = entry("late");
    try (var journal = open()) {
      journal.keep("t/changed", middle);
      journal.keep("t/behind", middle);
      journal.keep("t/ended", end);
      journal.keep("t/lives", old);
    }
    var found = Map.of("t/changed", "middle", "t/behind", "middle", "t/ended", "ended");
    var config = SessionConfig.defaults();
    try (var journal = SessionJournal.open(directory, GRID, config, disk, clock)) {
      // What journals of others bring back meanwhile, and who touches that.
      journal.keepOther("t/changed", old);
      journal.keep("t/changed", old);
      journal.keepOther("t/ended", late);
      journal.keep("t/ended", late);
      journal.keepOther("t/behind", late);
      journal.keepOther("t/lives", end);
      journal.keepOther("t/other", old);
      assertFalse(journal.tick());
      var read = new TreeMap<>(found);
      read.put("t/lives", "old");
      assertEquals(read, all(journal), "it gives what it had");
    }
    try (var journal = open()) {
      var expected = new TreeMap<>(found);
      expected.put("t/behind", "late");
      expected.put("t/lives", "ended");
      expected.put("t/other", "old");
      assertEquals(expected, all(journal), "a crash before it was restored");
      journal.keepOther("t/changed", old);
      assertEquals("old", all(journal).get("t/changed"), "then what it is told holds");
    }
  }

  @Test
  void aFileThatCannotBeWrittenAnewIsStillAppendedTo() throws IOException {
    try (var journal = open()) {
      waste(journal);
      long bytes = journal.bytes();
      disk.failAfter(1_000);
      assertFalse(journal.tick());
      assertFalse(journal.lagging());
      disk.failAfter(Long.MAX_VALUE);
      journal.keep("t/one", entry("1"));
      assertTrue(journal.bytes() > bytes);
      for (int ticks = 0; journal.bytes() > bytes; ticks++) {
        assertTrue(ticks < 10, "it is tried again");
        assertFalse(journal.tick(), "it lacks nothing");
      }
      assertEquals("1", all(journal).get("t/one"));
    }
  }

  @Test
  void whatACrashLeftOfANewFileIsDeleted() throws IOException {
    Files.write(directory.resolve("journal.new"), new byte[100]);
    try (var _ = open()) {
      assertFalse(Files.exists(directory.resolve("journal.new")));
    }
  }

  @Test
  void aDamagedRecordIsNotCarriedOnAndIsToldAgain() throws IOException {
    try (var journal = open()) {
      SessionEntry one = entry("1");
      journal.keep("t/one", one);
      journal.keep("t/two", entry("2"));
      byte[] bytes = Files.readAllBytes(file());
      bytes[30] ^= 1;
      Files.write(file(), bytes);
      assertTrue(journal.rewrite(), "it lacks one");
      assertEquals(Map.of("t/two", "2"), all(journal));
      journal.keepOther("t/one", one);
      assertEquals(Map.of("t/one", "1", "t/two", "2"), all(journal));
    }
  }

  @Test
  void aDiskThatDoesNotKeepWhatItTookIsToldAgain() throws IOException {
    try (var journal = open()) {
      journal.keep("t/one", entry("1"));
      disk.beforeSync(
          0,
          () -> {
            throw new IOException("the disk is broken");
          });
      journal.sync();
      assertTrue(journal.lagging());
      ticked(journal);
      assertFalse(journal.lagging());
      assertEquals(Map.of("t/one", "1"), all(journal));
    }
  }

  @Test
  void theGridsNameIsNotInTheDirectory() throws IOException {
    try (var _ = open()) {
      assertFalse(Files.readString(directory.resolve("grid")).contains(GRID));
    }
    for (String file : new String[] {"grid", "journal"}) {
      var rights = Files.getPosixFilePermissions(directory.resolve(file));
      assertEquals("rw-------", PosixFilePermissions.toString(rights), file);
    }
    var rights = Files.getPosixFilePermissions(directory);
    assertEquals("rwx------", PosixFilePermissions.toString(rights));
  }

  @Test
  void aDiskIsNotToBeWaitedForMoreOftenThanItCan() {
    var refused =
        assertThrows(
            IllegalArgumentException.class,
            () -> Settings.sync(SessionConfig.defaults(), Duration.ofMillis(49)));
    assertEquals("store-sync: PT0.049S (expected: 50ms..1m)", refused.getMessage());
  }

  @Test
  void aDirectoryOfAnotherGridOrOneInUseIsRefused() {
    var config = SessionConfig.defaults();
    try (var _ = open()) {
      var twice = assertThrows(HeddleException.class, this::open);
      assertEquals(ErrorCode.CONFLICT, twice.code());
      assertTrue(twice.getMessage().contains("in use by process"), twice.getMessage());
    }
    var other =
        assertThrows(
            HeddleException.class,
            () -> SessionJournal.open(directory, "grid-2", config, disk, clock));
    assertEquals(ErrorCode.CONFLICT, other.code());
    assertTrue(other.getMessage().contains("sessions of another grid"), other.getMessage());
    assertFalse(other.getMessage().contains("grid-"), other.getMessage());
  }

  /** Defaults but for one. */
  private static final class Settings {
    static SessionConfig most(SessionConfig from, String bytes) {
      return of(from, from.storeSync(), DataSize.parse(bytes));
    }

    static SessionConfig sync(SessionConfig from, Duration sync) {
      return of(from, sync, from.storeMax());
    }

    private static SessionConfig of(SessionConfig from, Duration sync, DataSize most) {
      return new SessionConfig(
          from.keys(),
          from.idleTimeout(),
          from.maxAge(),
          from.maxAttributes(),
          from.maxNameLength(),
          from.maxValue(),
          from.maxTotal(),
          from.patience(),
          from.store(),
          sync,
          most,
          from.storeWait(),
          from.secureCookie());
    }
  }
}
