package dev.heddle.leaf;

import static dev.heddle.process.testing.Eventually.eventually;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import dev.heddle.internal.v1.AwaitShardsRequest;
import dev.heddle.internal.v1.ReadRequirement;
import dev.heddle.internal.v1.ReplicaReport;
import dev.heddle.internal.v1.ShardGetRequest;
import dev.heddle.internal.v1.ShardGetResponse;
import dev.heddle.internal.v1.ShardRef;
import dev.heddle.internal.v1.ShardScanRequest;
import dev.heddle.internal.v1.ShardScanResponse;
import dev.heddle.internal.v1.ShardWriteRequest;
import dev.heddle.internal.v1.ShardWriteResponse;
import dev.heddle.internal.v1.WatchReplicasRequest;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.GrpcErrors;
import dev.heddle.process.HeddleException;
import dev.heddle.v1.BulkItem;
import dev.heddle.v1.Document;
import dev.heddle.v1.Position;
import dev.heddle.v1.ReadLevel;
import dev.heddle.v1.ReplicaRole;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.StreamObserver;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

/** Writes and reads of a leaf's shards, as they come from other nodes. */
@Timeout(300)
class ShardsGrpcServiceTest {
  @TempDir Path directory;
  private final UUID self = UUID.randomUUID();
  private LocalLeaf leaf;
  private long revision;
  private long calls;

  @BeforeEach
  void start() {
    leaf = new LocalLeaf(directory);
    revision = leaf.create();
  }

  @AfterEach
  void stop() {
    leaf.close();
  }

  @Test
  void everyItemOfAWriteHasItsOutcome() {
    ShardWriteResponse first =
        write(put("a", "{\"size\":1}"), put("bad", "{\"size\":\"x\"}"), delete("none"));
    assertEquals(LocalLeaf.INCARNATION, first.getPosition().getIncarnation());
    assertTrue(first.getPosition().getIndex() > 0);
    assertEquals(2, first.getResultsCount());
    assertEquals(first.getPosition().getIndex(), first.getResults(0).getVersion());
    assertEquals(2, first.getResults(1).getIndex());
    assertFalse(first.getResults(1).getFound());
    assertEquals(1, first.getErrorsCount());
    assertEquals(1, first.getErrors(0).getIndex());
    assertEquals("bad", first.getErrors(0).getId());
    assertEquals(ErrorCode.TYPE_MISMATCH.number(), first.getErrors(0).getCode());
    assertEquals("TYPE_MISMATCH", first.getErrors(0).getName());
    long version = first.getResults(0).getVersion();
    ShardWriteResponse second =
        write(
            put("a", "{}").toBuilder().setIfVersion(0).build(),
            BulkItem.newBuilder()
                .setId("a")
                .setPatchJson(ByteString.copyFromUtf8("{\"title\":\"t\"}"))
                .setIfVersion(version)
                .build());
    assertEquals(ErrorCode.VERSION_CONFLICT.number(), second.getErrors(0).getCode());
    ShardGetResponse got = get("a", any());
    assertEquals("{\"size\":1,\"title\":\"t\"}", got.getJson().toStringUtf8());
    assertEquals(second.getResults(0).getVersion(), got.getVersion());
    assertTrue(got.getPosition().getIndex() >= got.getVersion());
    assertTrue(write(delete("a")).getResults(0).getFound());
    assertFalse(get("a", any()).hasJson());
  }

  @Test
  void theSameCallAgainIsTheSameWrite() {
    ShardWriteRequest once = request(put("a", "{}").toBuilder().setIfVersion(0).build()).build();
    ShardWriteResponse first = leaf.stub().write(once);
    assertEquals(0, first.getErrorsCount());
    assertEquals(first, leaf.stub().write(once));
    ShardWriteRequest other = once.toBuilder().setCallId(once.getCallId() + 1).build();
    assertEquals(1, leaf.stub().write(other).getErrorsCount());
  }

  @Test
  void whatMakesNoSenseIsRefused() {
    assertCode(
        ErrorCode.INVALID_REQUEST,
        () -> leaf.stub().write(request().setClientId(ByteString.copyFromUtf8("short")).build()));
    assertCode(
        ErrorCode.INVALID_REQUEST,
        () -> leaf.stub().write(request(BulkItem.newBuilder().setId("a").build()).build()));
    assertCode(
        ErrorCode.NOT_OWNER,
        () ->
            leaf.stub()
                .write(
                    request(put("a", "{}"))
                        .setShard(ShardRef.newBuilder().setShard(7).setGeneration(1))
                        .build()));
    for (int limit : new int[] {0, 1_001}) {
      assertCode(ErrorCode.OUT_OF_RANGE, () -> scan("", limit));
    }
  }

  @Test
  void aShardIsServedWhateverGenerationIsNamed() {
    ShardWriteRequest request =
        request(put("a", "{}"))
            .setShard(ShardRef.newBuilder().setShard(0).setGeneration(77))
            .build();
    assertEquals(0, leaf.stub().write(request).getErrorsCount());
  }

  @Test
  void aReadWaitsForItsPositionOrSaysThatItIsBehind() {
    Position written = write(put("a", "{}")).getPosition();
    assertTrue(get("a", session(written)).hasJson());
    assertTrue(get("a", linearizable()).hasJson());
    Position later = written.toBuilder().setIndex(written.getIndex() + 1_000).build();
    assertCode(
        ErrorCode.STALE_REPLICA,
        () -> {
          var _ =
              leaf.stub()
                  .withDeadlineAfter(4, TimeUnit.SECONDS)
                  .get(getRequest("a", session(later)));
        });
    Position lost = written.toBuilder().setIncarnation(UUID.randomUUID().toString()).build();
    assertCode(ErrorCode.POSITION_LOST, () -> get("a", session(lost)));
    // Of other shards nothing is asked here.
    assertTrue(get("a", session(lost.toBuilder().setShard(3).build())).hasJson());
  }

  @Test
  void aScanGoesOnBehindItsCursor() {
    Position last = write(put("c", "{}"), put("a", "{}"), put("b", "{\"size\":2}")).getPosition();
    ShardScanResponse first =
        leaf.stub().scan(scanRequest("", 2).toBuilder().setRead(session(last)).build());
    assertEquals(
        List.of("a", "b"), first.getDocumentsList().stream().map(Document::getId).toList());
    assertEquals("{\"size\":2}", first.getDocuments(1).getJson().toStringUtf8());
    assertEquals(last.getIndex(), first.getDocuments(1).getVersion());
    assertTrue(first.getMore());
    assertTrue(first.getPosition().getIndex() >= last.getIndex());
    ShardScanResponse rest = scan("b", 2);
    assertEquals(List.of("c"), rest.getDocumentsList().stream().map(Document::getId).toList());
    assertFalse(rest.getMore());
  }

  @Test
  void whoAwaitsTheShardsHearsWhatTheyAreLike() {
    var reports =
        leaf.stub()
            .await(
                AwaitShardsRequest.newBuilder()
                    .setDatasetId(LocalLeaf.DATASET)
                    .setRevision(revision)
                    .build())
            .getReportsList();
    assertEquals(1, reports.size());
    ReplicaReport replica = reports.getFirst().getReplica();
    assertEquals(LocalLeaf.NODE, replica.getReplica().getNode());
    assertEquals(LocalLeaf.NODE, replica.getLeader());
    assertEquals(ReplicaRole.REPLICA_ROLE_LEADER, replica.getReplica().getRole());
    assertTrue(replica.getReplica().getAvailable());
    assertEquals(3, replica.getQueueLength());
    assertCode(
        ErrorCode.DEADLINE_EXCEEDED,
        () -> {
          var _ =
              leaf.stub()
                  .withDeadlineAfter(300, TimeUnit.MILLISECONDS)
                  .await(
                      AwaitShardsRequest.newBuilder()
                          .setDatasetId(LocalLeaf.DATASET)
                          .setRevision(revision + 1_000)
                          .build());
        });
  }

  @Test
  void aWatchTellsAllReplicasAndThenWhatChanges() {
    List<dev.heddle.internal.v1.ReplicaReports> seen = new CopyOnWriteArrayList<>();
    leaf.asynchronous()
        .watchReplicas(
            WatchReplicasRequest.newBuilder().setIntervalMillis(1).build(),
            new StreamObserver<>() {
              @Override
              public void onNext(dev.heddle.internal.v1.ReplicaReports reports) {
                seen.add(reports);
              }

              @Override
              public void onError(Throwable failure) {}

              @Override
              public void onCompleted() {}
            });
    eventually("all of them", () -> any(seen, report -> report.getShard() == 0));
    assertEquals(1, seen.getFirst().getReplicasCount());
    long index = write(put("a", "{\"size\":7}")).getPosition().getIndex();
    eventually(
        "what was written",
        () ->
            any(
                seen,
                report ->
                    report.getReplica().getVisible() >= index
                        && report.getReplica().getDocuments() == 1));
    eventually("what the new view holds", () -> tells(seen, index));
    leaf.drop();
    eventually(
        "that it is gone", () -> seen.stream().anyMatch(reports -> reports.getGoneCount() == 1));
  }

  private static boolean tells(List<dev.heddle.internal.v1.ReplicaReports> seen, long index) {
    return seen.stream()
        .flatMap(reports -> reports.getSummariesList().stream())
        .anyMatch(summary ->
            summary.getNode().equals(LocalLeaf.NODE)
                && summary.getPosition().getIncarnation().equals(LocalLeaf.INCARNATION)
                && summary.getPosition().getIndex() >= index
                && summary.getDocuments() == 1
                && summary.getBounds(0).getField().equals("size")
                && summary.getBounds(0).getLeast() == 7);
  }

  private interface Looked {
    boolean at(ReplicaReport report);
  }

  private static boolean any(List<dev.heddle.internal.v1.ReplicaReports> seen, Looked looked) {
    return seen.stream()
        .flatMap(reports -> reports.getReplicasList().stream())
        .anyMatch(looked::at);
  }

  private ShardWriteResponse write(BulkItem... items) {
    return leaf.stub().write(request(items).build());
  }

  private ShardWriteRequest.Builder request(BulkItem... items) {
    ByteBuffer client = ByteBuffer.allocate(16);
    client.putLong(self.getMostSignificantBits()).putLong(self.getLeastSignificantBits()).flip();
    return ShardWriteRequest.newBuilder()
        .setTenant("default")
        .setDatasetId(LocalLeaf.DATASET)
        .setShard(ShardRef.newBuilder().setGeneration(1))
        .addAllItems(List.of(items))
        .setClientId(ByteString.copyFrom(client))
        .setCallId(++calls);
  }

  private ShardGetResponse get(String id, ReadRequirement read) {
    return leaf.stub().get(getRequest(id, read));
  }

  private static ShardGetRequest getRequest(String id, ReadRequirement read) {
    return ShardGetRequest.newBuilder()
        .setTenant("default")
        .setDatasetId(LocalLeaf.DATASET)
        .setShard(ShardRef.newBuilder().setGeneration(1))
        .setId(id)
        .setRead(read)
        .build();
  }

  private ShardScanResponse scan(String after, int limit) {
    return leaf.stub().scan(scanRequest(after, limit));
  }

  private static ShardScanRequest scanRequest(String after, int limit) {
    return ShardScanRequest.newBuilder()
        .setTenant("default")
        .setDatasetId(LocalLeaf.DATASET)
        .setShard(ShardRef.newBuilder().setGeneration(1))
        .setAfter(after)
        .setLimit(limit)
        .build();
  }

  private static ReadRequirement any() {
    return ReadRequirement.getDefaultInstance();
  }

  private static ReadRequirement session(Position position) {
    return ReadRequirement.newBuilder()
        .setLevel(ReadLevel.READ_LEVEL_SESSION)
        .addPositions(position)
        .build();
  }

  private static ReadRequirement linearizable() {
    return ReadRequirement.newBuilder().setLevel(ReadLevel.READ_LEVEL_LINEARIZABLE).build();
  }

  private static BulkItem put(String id, String json) {
    return BulkItem.newBuilder().setId(id).setPutJson(ByteString.copyFromUtf8(json)).build();
  }

  private static BulkItem delete(String id) {
    return BulkItem.newBuilder().setId(id).setDelete(true).build();
  }

  private static void assertCode(ErrorCode code, Executable call) {
    HeddleException failure =
        GrpcErrors.fromStatus(assertThrows(StatusRuntimeException.class, call));
    assertEquals(code, failure.code(), failure.getMessage());
  }
}
