package dev.heddle.shard;

import static dev.heddle.process.testing.Eventually.eventually;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.catalog.DatasetRecord;
import dev.heddle.catalog.Field;
import dev.heddle.catalog.FieldType;
import dev.heddle.catalog.Schema;
import dev.heddle.catalog.ShardPlacement;
import dev.heddle.process.DataSize;
import dev.heddle.process.Deadline;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.Ticker;
import dev.heddle.process.testing.ManualTicker;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.OptionalLong;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Writes on a leader whose log does what the test says. */
@Timeout(300)
class WriteDoorTest {
  private static final Schema LAX =
      new Schema(List.of(Field.of("type", FieldType.KEYWORD, false)), "", 0, true);
  private static final Schema STRICTER =
      new Schema(
          List.of(Field.of("type", FieldType.KEYWORD, false), Field.of("n", FieldType.LONG, false)),
          "",
          0,
          true);

  private static final Schema STRICT =
      new Schema(List.of(Field.of("type", FieldType.KEYWORD, false)), "", 0, false);

  @TempDir Path directory;
  private final ExecutorService writers = Executors.newFixedThreadPool(4);
  private final SharedMerges merges = new SharedMerges();
  private ShardReplica replica;
  private LocalGroup group;
  private Slot slot;
  private WriteDoor door;
  private long calls;

  @BeforeEach
  void open() throws Exception {
    ShardIdentity identity = LocalShards.identity(1, 0, LocalShards.INCARNATION);
    ShardFolders folders = new ShardFolders(directory);
    ShardOpening opening = LocalShards.opening(directory, merges, ShardOpening.Disk.files());
    replica =
        new ShardReplica(
            identity,
            folders.folder(identity),
            () -> opening.open(identity, LAX, false),
            (leader, id, into, at) -> {
              throw new IOException("nobody to fetch from");
            },
            writers,
            waiting -> {});
    replica.open();
    group = new LocalGroup(replica);
    replica.in(group);
    slot = slot(1, LAX);
    door = door(1_024, DataSize.ofMiB(8));
    Future<WriteResult> first = write(request(), put("first", "{}"));
    // The schema comes first, and then the entry.
    applyNext();
    applyNext();
    assertEquals(List.of(), get(first).errors());
    assertEquals(1, replica.local().schemaVersion());
  }

  @AfterEach
  void close() throws IOException {
    writers.shutdownNow();
    replica.shutdown();
    merges.close();
  }

  @Test
  void aWriteIsDoneOnceItsEntryIsApplied() throws Exception {
    Future<WriteResult> write = write(request(), put("a", "{}"));
    eventually("in the log", () -> group.waiting() == 1);
    assertFalse(write.isDone());
    assertTrue(replica.local().get("a").isEmpty());
    group.apply();
    assertEquals(get(write).index(), replica.local().get("a").orElseThrow().version());
  }

  @Test
  void aRepeatWhileTheFirstIsOnItsWayIsTheSameWrite() throws Exception {
    RequestId request = request();
    Future<WriteResult> first = write(request, create("a"));
    eventually("in the log", () -> group.waiting() == 1);
    Future<WriteResult> again = write(request, create("a"));
    Future<WriteResult> rival = write(request(), create("a"));
    eventually("in the log, too", () -> group.waiting() == 2);
    applyNext();
    applyNext();
    assertEquals(List.of(), get(first).errors());
    assertEquals(get(first), get(again));
    assertEquals(ErrorCode.VERSION_CONFLICT, get(rival).errors().getFirst().code());
    assertEquals(get(first), get(write(request, create("a"))), "no entry is needed for that");
    assertEquals(0, group.waiting());
  }

  @Test
  void aRepeatAfterItsEntryWasLostIsDoneAnew() throws Exception {
    RequestId request = request();
    Future<WriteResult> first = write(request, create("a"));
    eventually("in the log", () -> group.waiting() == 1);
    group.newTermWithoutEntries();
    assertEquals(ErrorCode.UNAVAILABLE, code(first));
    Future<WriteResult> again = write(request, create("a"));
    applyNext();
    assertEquals(List.of(), get(again).errors(), "the lost one is in nobody's way");
  }

  @Test
  void aRepeatAfterItsEntryCameThroughIsNotDoneAgain() throws Exception {
    RequestId request = request();
    Future<WriteResult> first = write(request, create("a"));
    eventually("in the log", () -> group.waiting() == 1);
    group.newTermWithEntries();
    assertEquals(ErrorCode.UNAVAILABLE, code(first));
    WriteResult again = get(write(request, create("a")));
    assertEquals(List.of(), again.errors());
    assertEquals(again.index(), replica.local().get("a").orElseThrow().version());
    assertEquals(0, group.waiting());
  }

  @Test
  void whoGaveUpWaitingHasItDoneAllTheSame() throws Exception {
    RequestId request = request();
    // For this ticker no time passes before the entry is in the log.
    var ticker = new ManualTicker();
    WriteDoor still = door(1_024, DataSize.ofMiB(8), ticker);
    Future<WriteResult> hasty =
        writers.submit(() ->
            still.write(
                slot,
                request,
                List.of(create("a")),
                Deadline.after(Duration.ofMillis(50), ticker)));
    assertEquals(ErrorCode.DEADLINE_EXCEEDED, code(hasty));
    assertEquals(1, group.waiting());
    Future<WriteResult> again = write(request, create("a"));
    applyNext();
    assertEquals(List.of(), get(again).errors());
  }

  @Test
  void whatWasDecidedInAnotherTermIsNotWritten() throws Exception {
    RequestId request = request();
    group.beforeNextAppend(group::nextTerm);
    assertEquals(ErrorCode.NO_MAJORITY, code(write(request, create("a"))));
    assertEquals(0, group.waiting());
    Future<WriteResult> again = write(request, create("a"));
    applyNext();
    assertEquals(List.of(), get(again).errors());
  }

  @Test
  void withoutTheLeadNothingIsWritten() throws Exception {
    group.lead(false);
    assertEquals(ErrorCode.NO_MAJORITY, code(write(request(), put("a", "{}"))));
    // Between the look and the log.
    group.lead(true);
    group.beforeNextAppend(() -> group.lead(false));
    assertEquals(ErrorCode.NO_MAJORITY, code(write(request(), create("a"))));
    group.lead(true);
    Future<WriteResult> write = write(request(), create("a"));
    applyNext();
    assertEquals(List.of(), get(write).errors());
  }

  @Test
  void aBatchBehindANewSchemaIsReadByThatOne() throws Exception {
    Future<WriteResult> before = write(request(), put("a", "{\"n\":\"seven\"}"));
    eventually("in the log", () -> group.waiting() == 1);
    var schema = replica.propose(2, STRICTER);
    Future<WriteResult> wrong = write(request(), put("b", "{\"n\":\"seven\"}"), put("c", "{}"));
    Future<WriteResult> right = write(request(), put("d", "{\"n\":7}"));
    applyNext();
    assertEquals(List.of(), get(before).errors(), "it stands before the schema");
    assertEquals(1, group.waiting(), "nobody is read by a schema that is not applied yet");
    group.apply();
    schema.get(60, TimeUnit.SECONDS);
    applyNext();
    applyNext();
    assertEquals(
        List.of(ErrorCode.TYPE_MISMATCH),
        get(wrong).errors().stream().map(OperationError::code).toList());
    assertEquals(1, get(wrong).results().size());
    assertEquals(List.of(), get(right).errors());
  }

  @Test
  void aSchemaThatWasLostWithItsTermIsNotWaitedFor() throws Exception {
    var schema = replica.propose(2, STRICTER);
    assertEquals(1, group.waiting());
    group.newTermWithoutEntries();
    assertTrue(schema.isCompletedExceptionally());
    Future<WriteResult> write = write(request(), put("b", "{\"n\":\"seven\"}"));
    applyNext();
    assertEquals(List.of(), get(write).errors());
  }

  @Test
  void theCatalogsSchemaIsWrittenBeforeTheBatch() throws Exception {
    slot = slot(2, STRICTER);
    Future<WriteResult> write = write(request(), put("b", "{\"n\":\"seven\"}"), put("c", "{}"));
    applyNext();
    applyNext();
    assertEquals(2, replica.local().schemaVersion());
    assertEquals(ErrorCode.TYPE_MISMATCH, get(write).errors().getFirst().code());
  }

  @Test
  void whatIsWrongByItselfNeedsNoEntry() throws Exception {
    WriteResult result = get(write(request(), put("a", "{"), put("", "{}")));
    assertEquals(2, result.errors().size());
    assertEquals(0, group.waiting());
  }

  @Test
  void noMoreWritersAndBytesWaitThanSoMany() throws Exception {
    door = door(8, DataSize.ofKiB(480));
    Operation half = put("a", "{\"x\":\"" + "y".repeat(300 << 10) + "\"}");
    Future<WriteResult> first = write(request(), half);
    eventually("in the log", () -> group.waiting() == 1);
    assertEquals(ErrorCode.QUEUE_FULL, code(write(request(), half)));
    Future<WriteResult> second = write(request(), put("b", "{}"));
    eventually("in the log, too", () -> group.waiting() == 2);
    assertEquals(ErrorCode.QUEUE_FULL, code(write(request(), put("c", "{}"))));
    assertEquals(
        ErrorCode.TOO_LARGE,
        code(write(request(), put("d", "x".repeat(300 << 10)), put("e", "x".repeat(300 << 10)))));
    applyNext();
    applyNext();
    get(first);
    get(second);
    Future<WriteResult> third = write(request(), half);
    applyNext();
    get(third);
  }

  @Test
  void whatIsWrongByItselfIsOnlySoForWhoeverLeads() throws Exception {
    group.lead(false);
    assertEquals(ErrorCode.NO_MAJORITY, code(write(request(), put("a", "{"))));
  }

  @Test
  void whatIsWrongByASchemaIsReadAgainByTheOneThatIsOnItsWay() throws Exception {
    slot = slot(2, STRICT);
    Future<WriteResult> strict = write(request(), put("a", "{\"new\":1}"));
    applyNext();
    assertEquals(ErrorCode.UNKNOWN_FIELD, get(strict).errors().getFirst().code());
    var schema = replica.propose(3, STRICTER);
    Future<WriteResult> write = write(request(), put("a", "{\"new\":1}"));
    applyNext();
    schema.get(60, TimeUnit.SECONDS);
    applyNext();
    assertEquals(List.of(), get(write).errors());
  }

  @Test
  void aWriteBehindASchemaThatNeverComesEndsByItsDeadline() throws Exception {
    Deadline deadline = Deadline.after(Duration.ofMillis(200), Ticker.system());
    var schema = replica.propose(2, STRICTER);
    Slot now = slot;
    Future<WriteResult> write =
        writers.submit(() -> door.write(now, request(), List.of(put("a", "{}")), deadline));
    assertEquals(ErrorCode.DEADLINE_EXCEEDED, code(write));
    assertFalse(schema.isDone());
  }

  @Test
  void aFailedShardSaysSo() throws Exception {
    replica.local().fail(new IOException("the disk is gone"));
    assertEquals(ErrorCode.STORAGE_FAILED, code(write(request(), put("a", "{}"))));
    assertEquals(0, group.waiting());
  }

  private void applyNext() throws IOException {
    eventually("an entry", () -> group.waiting() > 0);
    group.apply();
  }

  private WriteDoor door(int waiting, DataSize bytes) {
    return door(waiting, bytes, Ticker.system());
  }

  private WriteDoor door(int waiting, DataSize bytes, Ticker ticker) {
    ShardStoreConfig defaults = ShardStoreConfig.defaults();
    ShardStoreConfig config =
        new ShardStoreConfig(
            defaults.indexBuffer(),
            defaults.maxDocument(),
            100,
            waiting,
            bytes,
            defaults.refreshAfter(),
            defaults.settleAfter(),
            defaults.settleUpTo(),
            defaults.filterCache(),
            defaults.reopenAfter(),
            defaults.commitAfter(),
            defaults.commitBytes(),
            new DataSize(0),
            defaults.snapshots(),
            defaults.placement());
    return new WriteDoor(
        config,
        new DiskSpace(directory, config.keepFree(), ticker),
        ticker,
        Clock.systemUTC(),
        new SimpleMeterRegistry());
  }

  private Slot slot(long version, Schema schema) {
    ShardPlacement placement = new ShardPlacement(0, 1, LocalShards.INCARNATION, List.of("self"));
    DatasetRecord dataset =
        new DatasetRecord(
            "default", "things", "d-1", schema, version, 1, List.of(placement), Instant.EPOCH);
    return new Slot(replica.identity(), dataset, placement, replica, "", Reopening.now(0));
  }

  private RequestId request() {
    return new RequestId(new UUID(7, 8), ++calls);
  }

  private Future<WriteResult> write(RequestId request, Operation... operations) {
    Slot now = slot;
    WriteDoor through = door;
    return writers.submit(() ->
        through.write(
            now,
            request,
            List.of(operations),
            Deadline.after(Duration.ofSeconds(60), Ticker.system())));
  }

  private static WriteResult get(Future<WriteResult> write) throws Exception {
    return write.get(60, TimeUnit.SECONDS);
  }

  private static ErrorCode code(Future<WriteResult> write) {
    ExecutionException failure =
        assertThrows(ExecutionException.class, () -> write.get(60, TimeUnit.SECONDS));
    return assertInstanceOf(HeddleException.class, failure.getCause()).code();
  }

  private static Operation put(String id, String json) {
    return new Operation.Put(id, json.getBytes(StandardCharsets.UTF_8));
  }

  /** Only if there is none. */
  private static Operation create(String id) {
    return new Operation.Put(id, "{}".getBytes(StandardCharsets.UTF_8), OptionalLong.of(0));
  }
}
