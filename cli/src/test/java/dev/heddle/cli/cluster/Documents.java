package dev.heddle.cli.cluster;

import com.google.protobuf.ByteString;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.GrpcErrors;
import dev.heddle.process.GrpcMetadata;
import dev.heddle.v1.Clause;
import dev.heddle.v1.DatasetsGrpc;
import dev.heddle.v1.Document;
import dev.heddle.v1.GetDatasetRequest;
import dev.heddle.v1.GetDocumentRequest;
import dev.heddle.v1.PutDocumentRequest;
import dev.heddle.v1.QueryGrpc;
import dev.heddle.v1.QueryRequest;
import dev.heddle.v1.QueryResponse;
import dev.heddle.v1.ReadLevel;
import dev.heddle.v1.ShardPlacement;
import dev.heddle.v1.Term;
import dev.heddle.v1.Value;
import dev.heddle.v1.WriteResponse;
import io.grpc.Metadata;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.AbstractStub;
import io.grpc.stub.MetadataUtils;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;

/** A client that writes and reads single books of a dataset, and carries its position token. */
final class Documents {
  /** Errors that say that nothing was done, and that a later attempt may succeed. */
  private static final Set<ErrorCode> LATER =
      Set.of(
          ErrorCode.UNAVAILABLE,
          ErrorCode.NOT_LEADER,
          ErrorCode.NO_MAJORITY,
          ErrorCode.NOT_OWNER,
          ErrorCode.STALE_REPLICA,
          ErrorCode.CATALOG_UNAVAILABLE,
          ErrorCode.DEADLINE_EXCEEDED);

  private final TestCluster cluster;
  private final String dataset;
  private String token = "";

  Documents(TestCluster cluster, String dataset) {
    this.cluster = cluster;
    this.dataset = dataset;
  }

  String token() {
    return token;
  }

  /** Writes a document; tries again while the cluster has nobody to take it. */
  WriteResponse put(String id, String json) {
    var request =
        PutDocumentRequest.newBuilder()
            .setDataset(dataset)
            .setId(id)
            .setJson(ByteString.copyFromUtf8(json))
            .build();
    var response = insist(() -> datasets().putDocument(request));
    token = response.getPositionToken();
    return response;
  }

  Optional<Document> get(String id, ReadLevel read) {
    var request =
        GetDocumentRequest.newBuilder().setDataset(dataset).setId(id).setRead(read).build();
    try {
      var document = insist(() -> datasets().getDocument(request));
      token = document.getPositionToken();
      return Optional.of(document);
    } catch (StatusRuntimeException e) {
      if (GrpcErrors.fromStatus(e).code() == ErrorCode.NOT_FOUND) {
        return Optional.empty();
      }
      throw e;
    }
  }

  /** Those whose field has this value. */
  QueryResponse find(String field, String value, ReadLevel read) {
    var request =
        QueryRequest.newBuilder()
            .setDataset(dataset)
            .setK(1_000)
            .setRead(read)
            .setMinCoverage(1)
            .setQuery(
                Clause.newBuilder()
                    .setTerm(
                        Term.newBuilder()
                            .setField(field)
                            .setValue(Value.newBuilder().setStringValue(value))))
            .build();
    var response =
        insist(() -> timed(positioned(QueryGrpc.newBlockingStub(cluster.grpc()))).run(request));
    token = response.getPositionToken();
    return response;
  }

  List<ShardPlacement> shards() {
    var request = GetDatasetRequest.newBuilder().setName(dataset).build();
    return insist(() -> datasets().get(request)).getShardsList();
  }

  /** Whether each shard is on so many nodes, none is on its way, and every replica answers. */
  boolean settled(int replicas) {
    return shards().stream()
        .allMatch(shard ->
            shard.getNodesCount() == replicas
                && shard.getJoiningCount() == 0
                && shard.getLeavingCount() == 0
                && shard.getReplicasList().stream().filter(r -> r.getAvailable()).count()
                    == replicas);
  }

  /** Whether all replicas of each shard show the same, with nothing left to apply. */
  boolean alike(int replicas) {
    return settled(replicas)
        && shards().stream()
            .allMatch(shard ->
                shard.getReplicasList().stream()
                        .allMatch(r -> r.getLag() == 0 && r.getVisible() == r.getApplied())
                    && shard.getReplicasList().stream()
                            .map(r -> r.getVisible() + "/" + r.getDocuments())
                            .distinct()
                            .count()
                        == 1);
  }

  private DatasetsGrpc.DatasetsBlockingStub datasets() {
    return timed(positioned(DatasetsGrpc.newBlockingStub(cluster.grpc())));
  }

  private static <S extends AbstractStub<S>> S timed(S stub) {
    return stub.withDeadlineAfter(60, TimeUnit.SECONDS);
  }

  private <S extends AbstractStub<S>> S positioned(S stub) {
    if (token.isEmpty()) {
      return stub;
    }
    var headers = new Metadata();
    headers.put(GrpcMetadata.POSITION, token);
    return stub.withInterceptors(MetadataUtils.newAttachHeadersInterceptor(headers));
  }

  /** What the house expects of clients: a put of a whole document can be tried again. */
  private static <T> T insist(Supplier<T> call) {
    long start = System.nanoTime();
    while (true) {
      try {
        return call.get();
      } catch (StatusRuntimeException e) {
        boolean later = LATER.contains(GrpcErrors.fromStatus(e).code());
        if (!later || System.nanoTime() - start > TimeUnit.SECONDS.toNanos(90)) {
          throw e;
        }
        LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(20));
      }
    }
  }
}
