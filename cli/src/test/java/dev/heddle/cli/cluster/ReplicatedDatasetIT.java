package dev.heddle.cli.cluster;

import static dev.heddle.process.testing.Eventually.within;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.process.ErrorCode;
import dev.heddle.process.GrpcErrors;
import dev.heddle.v1.AlterDatasetRequest;
import dev.heddle.v1.DatasetsGrpc;
import dev.heddle.v1.Field;
import dev.heddle.v1.FieldType;
import dev.heddle.v1.Hit;
import dev.heddle.v1.ReadLevel;
import io.grpc.StatusRuntimeException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A dataset with three copies, through the doors that everybody uses. */
@Timeout(900)
class ReplicatedDatasetIT {
  private static final Duration PATIENCE = Duration.ofMinutes(3);

  @TempDir Path directory;

  private static String book(String genre) {
    return "{\"title\":\"A book\",\"genre\":\"" + genre + "\"}";
  }

  private static Documents create(TestCluster cluster) {
    Books.create(cluster.grpc(), "books", 2, 3);
    Documents documents = new Documents(cluster, "books");
    within(PATIENCE, "three replicas each", () -> documents.settled(3));
    return documents;
  }

  private static List<String> found(Documents documents, String genre, ReadLevel read) {
    return documents.find("genre", genre, read).getHitsList().stream()
        .map(Hit::getId)
        .sorted()
        .toList();
  }

  private static List<String> write(Documents documents, String genre, int count) {
    List<String> ids = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      String id = "%s-%02d".formatted(genre, i);
      documents.put(id, book(genre));
      ids.add(id);
    }
    return ids;
  }

  @Test
  void keepsEveryWriteAndTakesNewOnesWhileEachLeafInTurnIsDown() throws Exception {
    try (var cluster = new TestCluster(directory, 3)) {
      Documents documents = create(cluster);
      cluster.awaitVoters(3);
      List<String> before = write(documents, "before", 20);
      for (int leaf = 1; leaf <= 3; leaf++) {
        String name = "leaf-" + leaf;
        cluster.stop(name);
        List<String> during = write(documents, "without-" + leaf, 10);
        assertEquals(during, found(documents, "without-" + leaf, ReadLevel.READ_LEVEL_SESSION));
        assertEquals(before, found(documents, "before", ReadLevel.READ_LEVEL_LINEARIZABLE));
        cluster.startLeaf(name);
        within(PATIENCE, name + " caught up", () -> documents.settled(3));
      }
      for (int leaf = 1; leaf <= 3; leaf++) {
        assertEquals(10, found(documents, "without-" + leaf, ReadLevel.READ_LEVEL_SESSION).size());
      }
    }
  }

  @Test
  void oneReadsWhatOneWroteByAnyReplica() throws Exception {
    try (var cluster = new TestCluster(directory, 3)) {
      Documents documents = create(cluster);
      Documents stranger = new Documents(cluster, "books");
      for (int i = 0; i < 60; i++) {
        String id = "book-" + i;
        var written = documents.put(id, book("genre-" + i));
        assertEquals(List.of(id), found(documents, "genre-" + i, ReadLevel.READ_LEVEL_SESSION), id);
        var read = documents.get(id, ReadLevel.READ_LEVEL_SESSION).orElseThrow();
        assertEquals(written.getVersion(), read.getVersion());
        assertEquals(
            List.of(id), found(stranger, "genre-" + i, ReadLevel.READ_LEVEL_LINEARIZABLE), id);
      }
    }
  }

  @Test
  void aFieldThatIsAddedFindsWhatIsWrittenFromThenOn() throws Exception {
    try (var cluster = new TestCluster(directory, 3)) {
      Documents documents = create(cluster);
      String json = "{\"title\":\"A book\",\"isbn\":\"978-1\"}";
      var refused = assertThrows(StatusRuntimeException.class, () -> documents.put("a", json));
      assertEquals(ErrorCode.UNKNOWN_FIELD, GrpcErrors.fromStatus(refused).code());

      var altered =
          DatasetsGrpc.newBlockingStub(cluster.grpc())
              .withDeadlineAfter(60, TimeUnit.SECONDS)
              .alter(
                  AlterDatasetRequest.newBuilder()
                      .setName("books")
                      .addAddFields(
                          Field.newBuilder().setName("isbn").setType(FieldType.FIELD_TYPE_KEYWORD))
                      .build());
      assertEquals(2, altered.getSchemaVersion());
      documents.put("a", json);
      var answer = documents.find("isbn", "978-1", ReadLevel.READ_LEVEL_SESSION);
      assertEquals("a", answer.getHits(0).getId());
    }
  }

  @Test
  void theWholeClusterStoppedAndStartedAgainKeepsEverything() throws Exception {
    try (var cluster = new TestCluster(directory, 3)) {
      Documents documents = create(cluster);
      List<String> written = write(documents, "novel", 30);
      long version = documents.get("novel-07", ReadLevel.READ_LEVEL_ANY).orElseThrow().getVersion();
      cluster.stopAll();
      cluster.startAll();
      assertEquals(written, found(documents, "novel", ReadLevel.READ_LEVEL_SESSION));
      var again = documents.get("novel-07", ReadLevel.READ_LEVEL_LINEARIZABLE).orElseThrow();
      assertEquals(version, again.getVersion());
      assertTrue(documents.put("novel-07", book("essay")).getVersion() > version);
      assertEquals(29, found(documents, "novel", ReadLevel.READ_LEVEL_SESSION).size());
    }
  }

  @Test
  void aFourthLeafTakesOverTheReplicasOfOneThatIsGone() throws Exception {
    try (var cluster = new TestCluster(directory, 3, true)) {
      Documents documents = create(cluster);
      cluster.awaitVoters(3);
      List<String> written = write(documents, "novel", 30);
      cluster.startLeaf("leaf-4");
      cluster.lose("leaf-2");
      within(
          PATIENCE,
          "leaf-4 in the place of leaf-2",
          () ->
              documents.settled(3)
                  && documents.shards().stream()
                      .allMatch(shard -> !shard.getNodesList().contains("leaf-2")));
      within(
          PATIENCE,
          "leaf-4 among the voters",
          () -> cluster.status().getCatalogVotersList().contains("leaf-4"));
      assertEquals(written, found(documents, "novel", ReadLevel.READ_LEVEL_LINEARIZABLE));
      // With another one gone, what leaf-4 holds is needed for a majority.
      cluster.stop("leaf-3");
      List<String> later = write(documents, "essay", 10);
      assertEquals(later, found(documents, "essay", ReadLevel.READ_LEVEL_SESSION));
      assertEquals(written, found(documents, "novel", ReadLevel.READ_LEVEL_LINEARIZABLE));
    }
  }
}
