package dev.heddle.coordinator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import dev.heddle.catalog.Change;
import dev.heddle.catalog.testing.LocalCatalog;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.GrpcErrors;
import dev.heddle.process.HeddleException;
import dev.heddle.process.testing.Eventually;
import dev.heddle.v1.AlterDatasetRequest;
import dev.heddle.v1.ClusterStatusRequest;
import dev.heddle.v1.CreateDatasetRequest;
import dev.heddle.v1.Dataset;
import dev.heddle.v1.DropDatasetRequest;
import dev.heddle.v1.Field;
import dev.heddle.v1.FieldType;
import dev.heddle.v1.GetDatasetRequest;
import dev.heddle.v1.ListDatasetsRequest;
import dev.heddle.v1.NodeStatus;
import dev.heddle.v1.PutDocumentRequest;
import dev.heddle.v1.ReplicaRole;
import dev.heddle.v1.ShardPlacement;
import io.grpc.StatusRuntimeException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(300)
class DatasetsTest {
  private static final Field YEAR =
      Field.newBuilder().setName("year").setType(FieldType.FIELD_TYPE_LONG).build();

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

  private static void refused(
      ErrorCode code, String words, org.junit.jupiter.api.function.Executable call) {
    var failure = GrpcErrors.fromStatus(assertThrows(StatusRuntimeException.class, call));
    assertEquals(code, failure.code(), String.valueOf(failure.getMessage()));
    assertTrue(
        String.valueOf(failure.getMessage()).contains(words), () -> "" + failure.getMessage());
  }

  private Dataset alter(AlterDatasetRequest.Builder request) {
    return cluster.datasets("").alter(request.setName("books").build());
  }

  private static CreateDatasetRequest create(String name) {
    return CreateDatasetRequest.newBuilder()
        .setName(name)
        .setSchema(TestCoordinator.SCHEMA)
        .build();
  }

  @Test
  void aNewDatasetHasThreeReplicasWhereThreeLeavesLive() {
    var books = cluster.datasets("").create(create("books"));
    assertEquals(3, books.getReplicas());
    assertEquals(1, books.getSchemaVersion());
    assertEquals(TestCoordinator.CONFIG.shards(), books.getShardsCount());
    for (var shard : books.getShardsList()) {
      assertEquals(3, shard.getNodesCount());
      assertTrue(shard.getAvailable());
    }
  }

  @Test
  void wrongAndReservedNamesAreToldApart() {
    for (String name : List.of("", "Books", "1st", "a b", "x".repeat(64))) {
      refused(
          ErrorCode.INVALID_REQUEST,
          "a letter of a-z",
          () -> cluster.datasets("").create(create(name)));
    }
    for (String name : List.of("heddle", "heddle-books", "heddle_x")) {
      refused(
          ErrorCode.INVALID_REQUEST, "reserved", () -> cluster.datasets("").create(create(name)));
    }
    cluster.datasets("").create(create("heddles"));
    refused(
        ErrorCode.ALREADY_EXISTS,
        "heddles exists",
        () -> cluster.datasets("").create(create("heddles")));
  }

  @Test
  void aLeafThatIsSilentMakesNobodyWait() {
    for (int i = 0; i < 20; i++) {
      cluster.create("books-" + i, 2, 3);
    }
    cluster.create("books", 1, 3);
    cluster.leaf(2).tells = false;
    // Each of these would take the whole of its time, or two seconds for each dataset.
    var all =
        cluster
            .datasets("")
            .withDeadlineAfter(20, TimeUnit.SECONDS)
            .list(ListDatasetsRequest.getDefaultInstance());
    assertEquals(21, all.getDatasetsCount());
    for (var dataset : all.getDatasetsList()) {
      assertTrue(dataset.getShardsList().stream().allMatch(ShardPlacement::getAvailable));
    }
    assertEquals(2, alter(AlterDatasetRequest.newBuilder().addAddFields(YEAR)).getSchemaVersion());
    assertEquals(1, cluster.create("films", 1, 3).getShardsCount());
  }

  @Test
  void alteringAddsFieldsAndCountsVersionsOnlyWhereTheSchemaChanges() {
    cluster.create("books", 1, 3);
    var altered = alter(AlterDatasetRequest.newBuilder().addAddFields(YEAR));
    assertEquals(2, altered.getSchemaVersion());
    assertEquals(2, altered.getSchema().getFieldsCount());
    assertEquals(2, alter(AlterDatasetRequest.newBuilder().addAddFields(YEAR)).getSchemaVersion());
    assertEquals(3, alter(AlterDatasetRequest.newBuilder().setDynamic(true)).getSchemaVersion());
    var fewer = alter(AlterDatasetRequest.newBuilder().setReplicas(1));
    assertEquals(3, fewer.getSchemaVersion());
    assertEquals(1, fewer.getReplicas());
    assertEquals(3, fewer.getShards(0).getNodesCount(), "the leaves move shards, not this");
    refused(
        ErrorCode.INVALID_SCHEMA,
        "year",
        () ->
            alter(AlterDatasetRequest.newBuilder().addAddFields(YEAR.toBuilder().setMulti(true))));
    refused(
        ErrorCode.OUT_OF_RANGE,
        "at most 3",
        () -> alter(AlterDatasetRequest.newBuilder().setReplicas(5)));
    refused(
        ErrorCode.OUT_OF_RANGE,
        "1..7",
        () -> alter(AlterDatasetRequest.newBuilder().setReplicas(0)));
    refused(
        ErrorCode.UNKNOWN_DATASET,
        "films",
        () ->
            cluster.datasets("").alter(AlterDatasetRequest.newBuilder().setName("films").build()));
  }

  @Test
  void changesThatCompeteAreAllMade() {
    cluster.create("books", 2, 3);
    var changes =
        List.of("one", "two", "three", "four").stream()
            .map(name ->
                CompletableFuture.supplyAsync(
                    () ->
                        alter(
                            AlterDatasetRequest.newBuilder()
                                .addAddFields(YEAR.toBuilder().setName(name))),
                    task -> Thread.ofVirtual().start(task)))
            .toList();
    // Somebody else moves a shard meanwhile.
    for (int i = 0; i < 5; i++) {
      var view = cluster.catalog.view();
      var record = view.dataset("default", "books").orElseThrow();
      var moved =
          record.with(record.shards().getFirst().moving(Optional.empty(), Optional.empty()));
      try {
        LocalCatalog.write(
            cluster.catalog, List.of(Change.replace(moved, view.revisionOf(record.key()))));
      } catch (HeddleException e) {
        assertEquals(ErrorCode.REVISION_CONFLICT, e.code());
      }
    }
    changes.forEach(CompletableFuture::join);
    var books = cluster.datasets("").get(GetDatasetRequest.newBuilder().setName("books").build());
    assertEquals(5, books.getSchemaVersion());
    assertEquals(5, books.getSchema().getFieldsCount());
  }

  @Test
  void statusShowsNodesReplicasAndTheCatalog() {
    var books = cluster.create("books", 1, 3);
    cluster
        .datasets("")
        .putDocument(
            PutDocumentRequest.newBuilder()
                .setDataset("books")
                .setId("a")
                .setJson(ByteString.copyFromUtf8("1"))
                .build());
    cluster.leaf(2).behind = 1;
    cluster.tell();
    Eventually.eventually(
        "the table has it",
        () -> {
          var shard = status(books);
          return shard.getReplicasList().stream()
              .anyMatch(replica -> replica.getLag() == 1 && replica.getNode().equals("leaf-2"));
        });
    var status = cluster.cluster().status(ClusterStatusRequest.getDefaultInstance());
    assertEquals("c1", status.getClusterId());
    assertEquals("leaf-0", status.getCatalogLeader());
    assertEquals(List.of("leaf-0"), status.getCatalogVotersList());
    assertTrue(status.getCatalogRevision() > 0);
    assertTrue(
        status.getNodesList().stream()
            .map(NodeStatus::getNode)
            .toList()
            .containsAll(List.of("leaf-0", "leaf-1", "leaf-2")));
    var shard = status(books);
    assertTrue(shard.getAvailable());
    assertEquals(3, shard.getReplicasCount());
    var leader = books.getShards(0).getNodes(0);
    assertTrue(
        shard.getReplicasList().stream()
            .anyMatch(replica ->
                replica.getNode().equals(leader)
                    && replica.getRole() == ReplicaRole.REPLICA_ROLE_LEADER));
  }

  private ShardPlacement status(Dataset dataset) {
    return cluster
        .cluster()
        .status(ClusterStatusRequest.getDefaultInstance())
        .getDatasetsList()
        .stream()
        .filter(record -> record.getName().equals(dataset.getName()))
        .findFirst()
        .orElseThrow()
        .getShards(0);
  }

  @Test
  void aBrokenStreamIsOpenedAgainAndAGoneReplicaForgotten() {
    cluster.create("books", 1, 3);
    Eventually.eventually("all are watched", () -> cluster.leaf(1).watchers() == 1);
    cluster.leaf(1).drain();
    Eventually.eventually("watched again", () -> cluster.leaf(1).watchers() >= 2);
    cluster.datasets("").drop(DropDatasetRequest.newBuilder().setName("books").build());
    Eventually.eventually(
        "forgotten",
        () ->
            cluster.telemetry.registry().get("heddle_coordinator_replicas_known").gauge().value()
                == 0);
  }
}
