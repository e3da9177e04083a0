package dev.heddle.coordinator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import dev.heddle.catalog.PositionToken;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.GrpcErrors;
import dev.heddle.process.HeddleException;
import dev.heddle.process.testing.Eventually;
import dev.heddle.v1.CreateDatasetRequest;
import dev.heddle.v1.Dataset;
import dev.heddle.v1.DeleteDocumentRequest;
import dev.heddle.v1.DropDatasetRequest;
import dev.heddle.v1.GetDocumentRequest;
import dev.heddle.v1.PatchDocumentRequest;
import dev.heddle.v1.PutDocumentRequest;
import dev.heddle.v1.ReadLevel;
import dev.heddle.v1.ScanRequest;
import dev.heddle.v1.WriteResponse;
import io.grpc.StatusRuntimeException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(300)
class DocumentsTest {
  private static final Executor VIRTUAL = task -> Thread.ofVirtual().start(task);

  @TempDir Path directory;

  private TestCoordinator cluster;

  @BeforeEach
  void start() {
    cluster = new TestCoordinator(directory, 3);
  }

  @AfterEach
  void close() {
    cluster.close();
  }

  private static ByteString json(String text) {
    return ByteString.copyFromUtf8(text);
  }

  private static PutDocumentRequest put(String id, String text) {
    return PutDocumentRequest.newBuilder()
        .setDataset("books")
        .setId(id)
        .setJson(json(text))
        .build();
  }

  private static GetDocumentRequest get(String id, ReadLevel level) {
    return GetDocumentRequest.newBuilder().setDataset("books").setId(id).setRead(level).build();
  }

  private static HeddleException failure(org.junit.jupiter.api.function.Executable call) {
    return GrpcErrors.fromStatus(assertThrows(StatusRuntimeException.class, call));
  }

  private static void refused(
      ErrorCode code, String words, org.junit.jupiter.api.function.Executable call) {
    var failure = failure(call);
    assertEquals(code, failure.code(), String.valueOf(failure.getMessage()));
    assertTrue(
        String.valueOf(failure.getMessage()).contains(words), () -> "" + failure.getMessage());
  }

  @Test
  void writesConditionsPatchesAndDeletesCarryVersionsAndTokens() {
    cluster.create("books", 1, 3);
    var first = cluster.datasets("").putDocument(put("a", "1"));
    assertTrue(first.getVersion() > 0);
    var datasets = cluster.datasets(first.getPositionToken());
    assertEquals(
        "1", datasets.getDocument(get("a", ReadLevel.READ_LEVEL_SESSION)).getJson().toStringUtf8());
    refused(
        ErrorCode.VERSION_CONFLICT,
        "version",
        () -> datasets.putDocument(put("a", "2").toBuilder().setIfVersion(0).build()));
    var patched =
        datasets.patchDocument(
            PatchDocumentRequest.newBuilder()
                .setDataset("books")
                .setId("a")
                .setPatchJson(json("3"))
                .setIfVersion(first.getVersion())
                .build());
    assertTrue(patched.getFound());
    assertTrue(patched.getVersion() > first.getVersion());
    assertNotEquals(first.getPositionToken(), patched.getPositionToken());
    var document = datasets.getDocument(get("a", ReadLevel.READ_LEVEL_UNSPECIFIED));
    assertEquals("3", document.getJson().toStringUtf8());
    assertEquals(patched.getVersion(), document.getVersion());
    var deleted =
        datasets.deleteDocument(
            DeleteDocumentRequest.newBuilder().setDataset("books").setId("a").build());
    assertTrue(deleted.getFound());
    assertEquals(0, deleted.getVersion());
    refused(
        ErrorCode.NOT_FOUND,
        "document: a",
        () -> datasets.getDocument(get("a", ReadLevel.READ_LEVEL_UNSPECIFIED)));
    assertEquals(0, cluster.leaf(1).writes.size() + cluster.leaf(2).writes.size());
  }

  @Test
  void aWriteFollowsTheLeaderWithTheSameIds() {
    var books = cluster.create("books", 1, 3);
    cluster.datasets("").putDocument(put("a", "1"));
    // The table still names the first one, which knows better.
    cluster.lead(books, "leaf-2");
    cluster.datasets("").putDocument(put("b", "2"));
    var asked = cluster.leaf(0).writes.getLast();
    var done = cluster.leaf(2).writes.getFirst();
    assertEquals(16, done.getClientId().size());
    assertEquals(asked.getClientId(), done.getClientId());
    assertEquals(asked.getCallId(), done.getCallId());
    assertNotEquals(cluster.leaf(0).writes.getFirst().getCallId(), done.getCallId());
    assertEquals(0, cluster.leaf(1).writes.size(), "the first one names the leader");
    // From now on it is known who leads.
    cluster.datasets("").putDocument(put("c", "3"));
    assertEquals(2, cluster.leaf(0).writes.size());
    assertEquals(1, cluster.counter("heddle_coordinator_shard_retries", "call", "write"));
  }

  @Test
  void aWriteWaitsForAnElection() throws Exception {
    var books = cluster.create("books", 1, 3);
    cluster.lead(books, "");
    cluster.tell();
    var written =
        CompletableFuture.supplyAsync(
            () -> cluster.datasets("").putDocument(put("a", "1")), VIRTUAL);
    Eventually.eventually(
        "some refusals", () -> cluster.leaf(0).writes.size() + cluster.leaf(1).writes.size() >= 3);
    cluster.lead(books, "leaf-1");
    assertEquals(1, written.get(60, TimeUnit.SECONDS).getVersion());
    var writes = new ArrayList<>(cluster.leaf(0).writes);
    writes.addAll(cluster.leaf(1).writes);
    for (var write : writes) {
      assertEquals(writes.getFirst().getClientId(), write.getClientId());
      assertEquals(writes.getFirst().getCallId(), write.getCallId());
    }
  }

  @Test
  void withoutALeaderNothingIsDoneAndTheErrorSaysSo() {
    var books = cluster.create("books", 1, 3);
    cluster.lead(books, "");
    refused(
        ErrorCode.NO_MAJORITY,
        "nothing was done",
        () ->
            cluster.datasets("").withDeadlineAfter(3, TimeUnit.SECONDS).putDocument(put("a", "1")));
  }

  @Test
  void aLostAnswerIsAskedForAgainAndWrittenOnce() {
    var books = cluster.create("books", 1, 3);
    cluster.leaf(0).fates.add(ScriptedShardsGrpcService.Fate.LOSE_ANSWER);
    var written = cluster.datasets("").putDocument(put("a", "1"));
    assertEquals(1, written.getVersion());
    assertEquals(1, cluster.history(books, 0).index());
    assertTrue(cluster.leaf(0).writes.size() >= 2);
  }

  @Test
  void anUnknownOutcomeIsToldAsSuch() {
    var books = cluster.create("books", 1, 1);
    for (int i = 0; i < 10_000; i++) {
      leafOf(books).fates.add(ScriptedShardsGrpcService.Fate.LOSE_ANSWER);
    }
    refused(
        ErrorCode.DEADLINE_EXCEEDED,
        "not known to be durable",
        () ->
            cluster.datasets("").withDeadlineAfter(3, TimeUnit.SECONDS).putDocument(put("a", "1")));
    assertEquals(1, cluster.history(books, 0).index());
  }

  @Test
  void aRefusalAfterAnUnknownOutcomeIsStillInDoubt() {
    var books = cluster.create("books", 1, 1);
    for (int i = 0; i < 2; i++) {
      leafOf(books).fates.add(ScriptedShardsGrpcService.Fate.LOSE_ANSWER);
    }
    var doubtful =
        CompletableFuture.supplyAsync(
            () ->
                failure(() ->
                    cluster
                        .datasets("")
                        .withDeadlineAfter(5, TimeUnit.SECONDS)
                        .putDocument(put("a", "1"))),
            VIRTUAL);
    Eventually.eventually("it was asked", () -> !leafOf(books).writes.isEmpty());
    cluster.lead(books, "");
    var failure = doubtful.join();
    assertEquals(ErrorCode.DEADLINE_EXCEEDED, failure.code());
  }

  private ScriptedShardsGrpcService leafOf(Dataset dataset) {
    String node = dataset.getShards(0).getNodes(0);
    return cluster.leaf(Integer.parseInt(node.substring("leaf-".length())));
  }

  @Test
  void aSilentLeaderIsGivenUpAndADeadOneSkipped() {
    var books = cluster.create("books", 1, 3);
    cluster.leaf(0).fates.add(ScriptedShardsGrpcService.Fate.SILENCE);
    var pending =
        CompletableFuture.supplyAsync(
            () -> cluster.datasets("").putDocument(put("a", "1")), VIRTUAL);
    Eventually.eventually("it was asked", () -> !cluster.leaf(0).writes.isEmpty());
    cluster.lead(books, "leaf-1");
    assertEquals(1, pending.join().getVersion());
    cluster.kill(1);
    cluster.lead(books, "leaf-2");
    assertEquals(2, cluster.datasets("").putDocument(put("b", "1")).getVersion());
  }

  @Test
  void aSessionGoesToAReplicaThatHasItsPosition() {
    var books = cluster.create("books", 1, 3);
    var token = cluster.datasets("").putDocument(put("a", "1")).getPositionToken();
    cluster.leaf(1).behind = 1;
    cluster.leaf(2).behind = 1;
    // The table has it that all are there; two are not, and say so.
    cluster.history(books, 0).lead("leaf-0");
    for (int i = 0; i < 20; i++) {
      assertEquals(
          "1",
          cluster
              .datasets(token)
              .getDocument(get("a", ReadLevel.READ_LEVEL_SESSION))
              .getJson()
              .toStringUtf8());
    }
    cluster.tell();
    Eventually.eventually(
        "the table knows who is behind",
        () -> {
          int now = cluster.leaf(1).gets.size() + cluster.leaf(2).gets.size();
          cluster.datasets(token).getDocument(get("a", ReadLevel.READ_LEVEL_SESSION));
          return now == cluster.leaf(1).gets.size() + cluster.leaf(2).gets.size();
        });
    cluster.leaf(0).behind = 1;
    refused(
        ErrorCode.STALE_REPLICA,
        "visible",
        () ->
            cluster
                .datasets(token)
                .withDeadlineAfter(3, TimeUnit.SECONDS)
                .getDocument(get("a", ReadLevel.READ_LEVEL_SESSION)));
  }

  @Test
  void anyReadTellsItsAgeAndALinearizableOneNeedsAMajority() {
    cluster.create("books", 1, 3);
    cluster.datasets("").putDocument(put("a", "1"));
    cluster.datasets("").putDocument(put("a", "2"));
    for (int leaf = 0; leaf < 3; leaf++) {
      cluster.leaf(leaf).behind = 1;
    }
    var old = cluster.datasets("").getDocument(get("a", ReadLevel.READ_LEVEL_ANY));
    assertEquals("1", old.getJson().toStringUtf8());
    assertTrue(old.getStalenessMicros() > 0);
    cluster.leaf(0).majority = false;
    assertEquals(
        "2",
        cluster
            .datasets("")
            .getDocument(get("a", ReadLevel.READ_LEVEL_LINEARIZABLE))
            .getJson()
            .toStringUtf8());
    cluster.leaf(1).majority = false;
    cluster.leaf(2).majority = false;
    refused(
        ErrorCode.NO_MAJORITY,
        "not confirmed",
        () ->
            cluster
                .datasets("")
                .withDeadlineAfter(3, TimeUnit.SECONDS)
                .getDocument(get("a", ReadLevel.READ_LEVEL_UNSPECIFIED)));
  }

  @Test
  void whatASessionHasSeenToBeGoneStaysGone() {
    var books = cluster.create("books", 1, 3);
    cluster.datasets("").putDocument(put("a", "1"));
    cluster
        .datasets("")
        .deleteDocument(DeleteDocumentRequest.newBuilder().setDataset("books").setId("a").build());
    cluster.leaf(1).behind = 1;
    cluster.leaf(2).behind = 1;
    var gone =
        failure(
            () -> cluster.datasets("").getDocument(get("a", ReadLevel.READ_LEVEL_LINEARIZABLE)));
    assertEquals(ErrorCode.NOT_FOUND, gone.code());
    assertEquals(cluster.history(books, 0).index(), index(gone.position()));
    for (int i = 0; i < 20; i++) {
      var datasets = cluster.datasets(gone.position());
      var again = failure(() -> datasets.getDocument(get("a", ReadLevel.READ_LEVEL_SESSION)));
      assertEquals(ErrorCode.NOT_FOUND, again.code());
      assertEquals(gone.position(), again.position());
    }
    cluster.leaf(0).behind = 1;
    refused(
        ErrorCode.STALE_REPLICA,
        "visible",
        () ->
            cluster
                .datasets(gone.position())
                .withDeadlineAfter(3, TimeUnit.SECONDS)
                .getDocument(get("a", ReadLevel.READ_LEVEL_SESSION)));
  }

  @Test
  void aRefusedConditionTellsWhereItWasDecided() {
    var books = cluster.create("books", 1, 3);
    var first = cluster.datasets("").putDocument(put("a", "1"));
    var second = cluster.datasets("").putDocument(put("a", "2"));
    var datasets = cluster.datasets(first.getPositionToken());
    var conflict =
        failure(() ->
            datasets.putDocument(
                put("a", "3").toBuilder().setIfVersion(first.getVersion()).build()));
    assertEquals(ErrorCode.VERSION_CONFLICT, conflict.code());
    assertTrue(index(conflict.position()) >= index(second.getPositionToken()));
    assertEquals(cluster.history(books, 0).index(), index(conflict.position()));
  }

  private long index(String token) {
    var books = cluster.catalog.view().dataset("default", "books").orElseThrow();
    return PositionToken.parse(token).of(books).getFirst().index();
  }

  @Test
  void aTokenOfADroppedDatasetIsLostAtOnce() {
    cluster.create("books", 1, 3);
    var token = cluster.datasets("").putDocument(put("a", "1")).getPositionToken();
    cluster.datasets("").drop(DropDatasetRequest.newBuilder().setName("books").build());
    cluster.create("books", 1, 3);
    cluster.datasets("").putDocument(put("a", "1"));
    refused(
        ErrorCode.POSITION_LOST,
        "dropped",
        () -> cluster.datasets(token).getDocument(get("a", ReadLevel.READ_LEVEL_SESSION)));
    refused(
        ErrorCode.POSITION_LOST,
        "dropped",
        () ->
            cluster
                .datasets(token)
                .scan(
                    ScanRequest.newBuilder()
                        .setDataset("books")
                        .setRead(ReadLevel.READ_LEVEL_SESSION)
                        .build()));
    refused(
        ErrorCode.INVALID_REQUEST,
        "position token",
        () -> cluster.datasets("nonsense").getDocument(get("a", ReadLevel.READ_LEVEL_SESSION)));
  }

  @Test
  void scansAllShardsInTheOrderOfIdsPageByPage() {
    cluster.create("books", 4, 2);
    Set<String> written = new TreeSet<>();
    WriteResponse last = WriteResponse.getDefaultInstance();
    for (int i = 0; i < 60; i++) {
      written.add("doc-" + i);
      last = cluster.datasets(last.getPositionToken()).putDocument(put("doc-" + i, "{}"));
    }
    List<String> seen = new ArrayList<>();
    boolean more = true;
    while (more) {
      var page =
          cluster
              .datasets("")
              .scan(
                  ScanRequest.newBuilder()
                      .setDataset("books")
                      .setAfter(seen.isEmpty() ? "" : seen.getLast())
                      .setLimit(7)
                      .build());
      assertTrue(page.getDocumentsCount() <= 7);
      page.getDocumentsList()
          .forEach(document -> {
            assertTrue(document.getVersion() > 0);
            seen.add(document.getId());
          });
      assertFalse(page.getPositionToken().isEmpty());
      more = page.getMore();
    }
    assertEquals(List.copyOf(written), seen);
    refused(
        ErrorCode.OUT_OF_RANGE,
        "limit",
        () ->
            cluster
                .datasets("")
                .scan(ScanRequest.newBuilder().setDataset("books").setLimit(1_001).build()));
  }

  @Test
  void wrongWritesAreRefusedBeforeAnybodyIsAsked() {
    cluster.create("books", 1, 1);
    refused(
        ErrorCode.INVALID_DOCUMENT,
        "513 bytes",
        () -> cluster.datasets("").putDocument(put("é".repeat(256) + "x", "1")));
    refused(
        ErrorCode.INVALID_DOCUMENT,
        "0 bytes",
        () -> cluster.datasets("").putDocument(put("", "1")));
    refused(
        ErrorCode.TOO_LARGE,
        "document a",
        () -> cluster.datasets("").putDocument(put("a", "x".repeat((1 << 20) + 1))));
    refused(
        ErrorCode.UNKNOWN_DATASET,
        "nothing",
        () ->
            cluster
                .datasets("")
                .putDocument(put("a", "1").toBuilder().setDataset("nothing").build()));
  }

  @Test
  void moreReplicasThanLeavesAreRefused() {
    refused(
        ErrorCode.OUT_OF_RANGE,
        "at most 3",
        () ->
            cluster
                .datasets("")
                .create(
                    CreateDatasetRequest.newBuilder()
                        .setName("books")
                        .setSchema(TestCoordinator.SCHEMA)
                        .setReplicas(4)
                        .build()));
  }
}
