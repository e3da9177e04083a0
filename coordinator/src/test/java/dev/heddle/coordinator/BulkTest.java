package dev.heddle.coordinator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import dev.heddle.catalog.PositionToken;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.GrpcErrors;
import dev.heddle.process.testing.Eventually;
import dev.heddle.v1.BulkError;
import dev.heddle.v1.BulkItem;
import dev.heddle.v1.BulkRequest;
import dev.heddle.v1.BulkResponse;
import dev.heddle.v1.BulkResult;
import dev.heddle.v1.Dataset;
import dev.heddle.v1.DropDatasetRequest;
import io.grpc.stub.StreamObserver;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(300)
class BulkTest {
  @TempDir Path directory;

  private TestCoordinator cluster;

  @BeforeEach
  void start() {
    cluster = new TestCoordinator(directory, 2);
  }

  @AfterEach
  void close() {
    cluster.close();
  }

  /** A client's end of a stream: what came, in order. */
  private static final class Answers implements StreamObserver<BulkResponse> {
    /** Responses, then a failure or the end. */
    final BlockingQueue<Object> came = new LinkedBlockingQueue<>();

    @Override
    public void onNext(BulkResponse response) {
      came.add(response);
    }

    @Override
    public void onError(Throwable failure) {
      came.add(GrpcErrors.fromStatus(failure).code());
    }

    @Override
    public void onCompleted() {
      came.add("end");
    }

    Object take() throws InterruptedException {
      var next = came.poll(60, TimeUnit.SECONDS);
      assertTrue(next != null, "an answer");
      return next;
    }

    BulkResponse response() throws InterruptedException {
      return (BulkResponse) take();
    }
  }

  private static BulkItem put(String id, String json) {
    return TestCoordinator.item(id).setPutJson(ByteString.copyFromUtf8(json)).build();
  }

  private static BulkRequest request(BulkItem... items) {
    return BulkRequest.newBuilder().setDataset("books").addAllItems(List.of(items)).build();
  }

  private ScriptedShardsGrpcService leader(Dataset dataset) {
    String node = dataset.getShards(0).getNodes(0);
    return cluster.leaf(Integer.parseInt(node.substring("leaf-".length())));
  }

  @Test
  void everyItemHasAResultOfItsOwnAndEachResponseAToken() throws Exception {
    cluster.create("books", 4, 2);
    var answers = new Answers();
    var stream = cluster.streams("").bulk(answers);
    stream.onNext(request(put("a", "1"), put("b", "1"), put("c", "1")));
    var first = answers.response();
    assertEquals(3, first.getWritten());
    assertEquals(
        List.of(0, 1, 2), first.getResultsList().stream().map(BulkResult::getIndex).toList());
    stream.onNext(
        request(
            put("b", "bad"),
            TestCoordinator.item("a").setPatchJson(ByteString.copyFromUtf8("2")).build(),
            TestCoordinator.item("c").setDelete(true).build(),
            TestCoordinator.item("d").build(),
            put("", "1"),
            put("e", "x".repeat((1 << 20) + 1)),
            put("b", "2").toBuilder().setIfVersion(77).build(),
            TestCoordinator.item("never").setDelete(true).build()));
    var second = answers.response();
    assertEquals(3, second.getWritten());
    assertEquals(
        List.of(0, 3, 4, 5, 6), second.getErrorsList().stream().map(BulkError::getIndex).toList());
    assertEquals(
        List.of(
            ErrorCode.INVALID_DOCUMENT.number(),
            ErrorCode.INVALID_REQUEST.number(),
            ErrorCode.INVALID_DOCUMENT.number(),
            ErrorCode.TOO_LARGE.number(),
            ErrorCode.VERSION_CONFLICT.number()),
        second.getErrorsList().stream().map(BulkError::getCode).toList());
    assertEquals(
        List.of(1, 2, 7), second.getResultsList().stream().map(BulkResult::getIndex).toList());
    assertTrue(second.getResults(0).getVersion() > 0);
    assertTrue(second.getResults(1).getFound());
    assertEquals(0, second.getResults(1).getVersion());
    assertFalse(second.getResults(2).getFound());
    stream.onCompleted();
    assertEquals("end", answers.take());
    var books = cluster.catalog.view().dataset("default", "books").orElseThrow();
    int before = PositionToken.parse(first.getPositionToken()).of(books).size();
    int after = PositionToken.parse(second.getPositionToken()).of(books).size();
    assertTrue(before >= 1 && after >= before, () -> before + " " + after);
  }

  @Test
  void noMessageToAShardIsLargerThanAllowedAndOrderIsKept() throws Exception {
    var books = cluster.create("books", 1, 1);
    var answers = new Answers();
    var stream = cluster.streams("").bulk(answers);
    String large = "x".repeat(400_000);
    for (int request = 0; request < 3; request++) {
      var message = BulkRequest.newBuilder().setDataset("books");
      for (int i = 0; i < 12; i++) {
        message.addItems(put("d%d%02d".formatted(request, i), large));
      }
      stream.onNext(message.build());
    }
    stream.onCompleted();
    for (int request = 0; request < 3; request++) {
      var response = answers.response();
      assertEquals(12, response.getWritten(), () -> "" + response.getErrorsList());
    }
    assertEquals("end", answers.take());
    // A slow leader is asked again: each is counted where it came first.
    var firsts = new LinkedHashSet<String>();
    for (var write : leader(books).writes) {
      assertTrue(write.getSerializedSize() <= (4 << 20) + 1_000);
      write.getItemsList().forEach(item -> firsts.add(item.getId()));
    }
    var ids = List.copyOf(firsts);
    assertEquals(ids.stream().sorted().toList(), ids);
    assertEquals(36, ids.size());
    assertTrue(leader(books).writes.size() >= 4);
  }

  @Test
  void whatComesToMoreThanAnEntryMayHoldIsWrittenInParts() throws Exception {
    var books = cluster.create("books", 1, 1);
    leader(books).mostItems = 3;
    var answers = new Answers();
    var stream = cluster.streams("").bulk(answers);
    var items = new BulkItem[20];
    for (int i = 0; i < items.length; i++) {
      items[i] = put("d%02d".formatted(i), "1");
    }
    stream.onNext(request(items));
    assertEquals(20, answers.response().getWritten());
    var ids = new LinkedHashSet<String>();
    for (var write : leader(books).writes) {
      if (write.getItemsCount() <= 3) {
        write.getItemsList().forEach(item -> ids.add(item.getId()));
      }
    }
    assertEquals(Stream.of(items).map(BulkItem::getId).toList(), List.copyOf(ids));
    leader(books).mostItems = 0;
    stream.onNext(request(put("x", "1"), put("y", "1")));
    var refused = answers.response();
    assertEquals(
        List.of(ErrorCode.TOO_LARGE.number(), ErrorCode.TOO_LARGE.number()),
        refused.getErrorsList().stream().map(BulkError::getCode).toList());
    stream.onCompleted();
    assertEquals("end", answers.take());
  }

  @Test
  void anItemWhoseOutcomeIsUnknownSaysSo() throws Exception {
    var books = cluster.create("books", 1, 1);
    var answers = new Answers();
    for (int i = 0; i < 1_000; i++) {
      leader(books).fates.add(ScriptedShardsGrpcService.Fate.LOSE_ANSWER);
    }
    var stream = cluster.streams("").withDeadlineAfter(20, TimeUnit.SECONDS).bulk(answers);
    stream.onNext(request(put("a", "1")));
    Eventually.eventually("it is asked again", () -> leader(books).writes.size() >= 2);
    // The dataset goes while the answer is awaited: nobody will ever know.
    cluster.datasets("").drop(DropDatasetRequest.newBuilder().setName("books").build());
    var error = answers.response().getErrors(0);
    assertEquals(ErrorCode.DEADLINE_EXCEEDED.number(), error.getCode());
    assertTrue(error.getMessage().startsWith("document a: not known to be durable"));
    stream.onCompleted();
    assertEquals("end", answers.take());
  }

  @Test
  void aWrongRequestEndsTheStreamAfterTheAnswersBeforeIt() throws Exception {
    cluster.create("books", 1, 1);
    var answers = new Answers();
    var stream = cluster.streams("").bulk(answers);
    stream.onNext(request(put("a", "1")));
    stream.onNext(request(put("b", "1")).toBuilder().setDataset("films").build());
    assertEquals(1, answers.response().getWritten());
    assertEquals(ErrorCode.INVALID_REQUEST, answers.take());
  }

  @Test
  void aSilentStreamIsEndedUnlessItWaitsForAnswers() throws Exception {
    var config = TestCoordinator.impatient(CoordinatorConfig.defaults(), Duration.ofSeconds(1));
    try (var impatient = new TestCoordinator(directory.resolve("impatient"), 1, config)) {
      impatient.create("books", 1, 1);
      impatient.leaf(0).fates.add(ScriptedShardsGrpcService.Fate.SILENCE);
      var waiting = new Answers();
      impatient.streams("").bulk(waiting).onNext(request(put("a", "1")));
      Eventually.eventually("it writes", () -> !impatient.leaf(0).writes.isEmpty());
      var idle = new ArrayList<Answers>();
      for (int i = 0; i < config.tenantBulkStreams() - 1; i++) {
        var answers = new Answers();
        impatient.streams("").bulk(answers).onNext(request(put("b" + i, "1")));
        idle.add(answers);
      }
      var unused = new Answers();
      impatient.streams("").bulk(unused);
      assertEquals(ErrorCode.DEADLINE_EXCEEDED, unused.take());
      for (var answers : idle) {
        Eventually.eventually("ended", () -> answers.came.contains(ErrorCode.DEADLINE_EXCEEDED));
      }
      // It is not ended, though its write may have been asked for again and answered by now.
      Object first = waiting.came.peek();
      assertTrue(first == null || first instanceof BulkResponse, () -> "" + first);
      // There are places again.
      var answers = new Answers();
      var stream = impatient.streams("").bulk(answers);
      stream.onNext(request(put("c", "1")));
      assertEquals(ErrorCode.DEADLINE_EXCEEDED, awaitEnd(answers));
    }
  }

  private static Object awaitEnd(Answers answers) throws InterruptedException {
    Object next = answers.take();
    while (next instanceof BulkResponse) {
      next = answers.take();
    }
    return next;
  }

  @Test
  void thePlaceOfAStreamIsFreeOnlyOnceItsWritesHaveEnded() throws Exception {
    var books = cluster.create("books", 1, 1);
    int most = TestCoordinator.CONFIG.tenantBulkStreams();
    // Each write hangs until its caller is gone.
    for (int i = 0; i < most; i++) {
      leader(books).fates.add(ScriptedShardsGrpcService.Fate.SILENCE);
    }
    var streams = new ArrayList<StreamObserver<BulkRequest>>();
    for (int i = 0; i < most; i++) {
      var stream = cluster.streams("").bulk(new Answers());
      stream.onNext(request(put("a" + i, "1")));
      streams.add(stream);
    }
    Eventually.eventually(
        "all write",
        () ->
            leader(books).writes.stream()
                    .flatMap(write -> write.getItemsList().stream().map(BulkItem::getId))
                    .distinct()
                    .count()
                == most);
    // Who has said nothing yet takes no place.
    var silent = new Answers();
    cluster.streams("").bulk(silent).onCompleted();
    assertEquals("end", silent.take());
    var refused = new Answers();
    cluster.streams("").bulk(refused).onNext(request(put("y", "1")));
    assertEquals(ErrorCode.OVERLOADED, refused.take());
    streams.forEach(stream -> stream.onError(new IllegalStateException("no longer of interest")));
    Eventually.eventually(
        "there is room again",
        () -> {
          var answers = new Answers();
          var stream = cluster.streams("").bulk(answers);
          stream.onNext(request(put("z", "1")));
          stream.onCompleted();
          return answers.take() instanceof BulkResponse;
        });
  }
}
