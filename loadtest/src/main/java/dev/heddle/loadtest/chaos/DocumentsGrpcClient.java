package dev.heddle.loadtest.chaos;

import com.google.protobuf.ByteString;
import dev.heddle.process.Channels;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.GrpcErrors;
import dev.heddle.process.GrpcMetadata;
import dev.heddle.process.HeddleException;
import dev.heddle.process.HostPort;
import dev.heddle.v1.Clause;
import dev.heddle.v1.CreateDatasetRequest;
import dev.heddle.v1.DatasetsGrpc;
import dev.heddle.v1.DatasetsGrpc.DatasetsBlockingStub;
import dev.heddle.v1.DeleteDocumentRequest;
import dev.heddle.v1.Field;
import dev.heddle.v1.FieldType;
import dev.heddle.v1.GetDatasetRequest;
import dev.heddle.v1.GetDocumentRequest;
import dev.heddle.v1.Hit;
import dev.heddle.v1.PutDocumentRequest;
import dev.heddle.v1.QueryGrpc;
import dev.heddle.v1.QueryRequest;
import dev.heddle.v1.ReadLevel;
import dev.heddle.v1.ScanRequest;
import dev.heddle.v1.Schema;
import dev.heddle.v1.ShardPlacement;
import dev.heddle.v1.Term;
import dev.heddle.v1.Value;
import dev.heddle.v1.WriteResponse;
import io.grpc.Channel;
import io.grpc.Metadata;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.AbstractStub;
import io.grpc.stub.MetadataUtils;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

/**
 * A client of a dataset over the public gRPC API, with a session: it shows with each call what the
 * last answer told it about positions. Asks one coordinator until that one fails it. Calls throw
 * {@link HeddleException}. For one thread.
 */
public final class DocumentsGrpcClient {
  private static final int PAGE = 1_000;

  private final Channels channels;
  private final List<HostPort> coordinators;
  private final Metadata credentials = new Metadata();
  private final String dataset;
  private final Duration timeout;
  private int coordinator;
  private String token = "";

  /**
   * @param coordinators at least one
   * @param key of the API, where one is needed
   * @param timeout of each call
   */
  public DocumentsGrpcClient(
      Channels channels,
      List<HostPort> coordinators,
      Optional<String> key,
      String dataset,
      Duration timeout) {
    this.channels = channels;
    this.coordinators = List.copyOf(coordinators);
    key.ifPresent(value -> credentials.put(GrpcMetadata.AUTHORIZATION, "Bearer " + value));
    this.dataset = dataset;
    this.timeout = timeout;
  }

  /**
   * A write that was acknowledged.
   *
   * @param incarnation of the shard's history
   * @param index of its entry in the shard's log
   * @param version of the document; 0: it is gone
   * @param found whether there was a document before a delete
   */
  public record Ack(int shard, String incarnation, long index, long version, boolean found) {}

  /** Makes the dataset: a keyword {@code v}, and whatever else documents have, unsearched. */
  public void create(int shards, int replicas) {
    var schema =
        Schema.newBuilder()
            .setDynamic(true)
            .addFields(Field.newBuilder().setName("v").setType(FieldType.FIELD_TYPE_KEYWORD));
    var request =
        CreateDatasetRequest.newBuilder()
            .setName(dataset)
            .setSchema(schema)
            .setShards(shards)
            .setReplicas(replicas)
            .build();
    call(stub -> stub.create(request));
  }

  /** The id under which nodes know the dataset. */
  public String datasetId() {
    return call(stub -> stub.get(GetDatasetRequest.newBuilder().setName(dataset).build())).getId();
  }

  /** How many documents the coordinator knows of, by what the replicas told it. */
  public long documents() {
    return call(stub -> stub.get(GetDatasetRequest.newBuilder().setName(dataset).build()))
        .getDocuments();
  }

  /** Sum over the shards of the generations of their placements: grows with every change. */
  public long generations() {
    var described = call(stub -> stub.get(GetDatasetRequest.newBuilder().setName(dataset).build()));
    return described.getShardsList().stream().mapToLong(ShardPlacement::getGeneration).sum();
  }

  /**
   * Puts a document.
   *
   * @param ifVersion that it must have; 0: it must not exist; empty: whatever there is
   */
  public Ack put(String id, String json, OptionalLong ifVersion) {
    var request =
        PutDocumentRequest.newBuilder()
            .setDataset(dataset)
            .setId(id)
            .setJson(ByteString.copyFromUtf8(json));
    ifVersion.ifPresent(request::setIfVersion);
    return ack(call(stub -> stub.putDocument(request.build())));
  }

  /** Deletes a document, if there is one. */
  public Ack delete(String id) {
    var request = DeleteDocumentRequest.newBuilder().setDataset(dataset).setId(id).build();
    return ack(call(stub -> stub.deleteDocument(request)));
  }

  private Ack ack(WriteResponse response) {
    token = response.getPositionToken();
    return new Ack(
        response.getPosition().getShard(),
        response.getPosition().getIncarnation(),
        response.getPosition().getIndex(),
        response.getVersion(),
        response.getFound());
  }

  /** The document; empty: there is none. */
  public Optional<StoredDocument> get(String id, dev.heddle.loadtest.chaos.ReadLevel level) {
    var request =
        GetDocumentRequest.newBuilder().setDataset(dataset).setId(id).setRead(level(level)).build();
    try {
      var found = call(stub -> stub.getDocument(request));
      token = found.getPositionToken();
      return Optional.of(
          new StoredDocument(found.getId(), found.getJson().toStringUtf8(), found.getVersion()));
    } catch (HeddleException e) {
      if (e.code() != ErrorCode.NOT_FOUND) {
        throw e;
      }
      return Optional.empty();
    }
  }

  /** All documents, in the order of their ids. */
  public List<StoredDocument> scan(dev.heddle.loadtest.chaos.ReadLevel level) {
    var all = new ArrayList<StoredDocument>();
    boolean more = true;
    while (more) {
      var request =
          ScanRequest.newBuilder()
              .setDataset(dataset)
              .setAfter(all.isEmpty() ? "" : all.getLast().id())
              .setLimit(PAGE)
              .setRead(level(level))
              .build();
      var page = call(stub -> stub.scan(request));
      page.getDocumentsList()
          .forEach(each ->
              all.add(
                  new StoredDocument(
                      each.getId(), each.getJson().toStringUtf8(), each.getVersion())));
      more = page.getMore();
    }
    return all;
  }

  /**
   * Ids of the documents whose {@code v} is the value, as a search finds them.
   *
   * @throws HeddleException COVERAGE_TOO_LOW if a shard did not answer
   */
  public List<String> search(String value, dev.heddle.loadtest.chaos.ReadLevel level) {
    var term = Term.newBuilder().setField("v").setValue(Value.newBuilder().setStringValue(value));
    var request =
        QueryRequest.newBuilder()
            .setDataset(dataset)
            .setQuery(Clause.newBuilder().setTerm(term))
            .setMinCoverage(1)
            .setRead(level(level))
            .build();
    var answer = call(QueryGrpc::newBlockingStub, stub -> stub.run(request));
    token = answer.getPositionToken();
    return answer.getHitsList().stream().map(Hit::getId).toList();
  }

  /** What the session has written and seen; empty: nothing. */
  public String token() {
    return token;
  }

  private static ReadLevel level(dev.heddle.loadtest.chaos.ReadLevel level) {
    return switch (level) {
      case ANY -> ReadLevel.READ_LEVEL_ANY;
      case SESSION -> ReadLevel.READ_LEVEL_SESSION;
      case LINEARIZABLE -> ReadLevel.READ_LEVEL_LINEARIZABLE;
    };
  }

  private <T> T call(Function<DatasetsBlockingStub, T> call) {
    return call(DatasetsGrpc::newBlockingStub, call);
  }

  private <S extends AbstractStub<S>, T> T call(Function<Channel, S> stubs, Function<S, T> call) {
    var headers = new Metadata();
    headers.merge(credentials);
    if (!token.isEmpty()) {
      headers.put(GrpcMetadata.POSITION, token);
    }
    var address = coordinators.get(coordinator);
    var stub =
        stubs
            .apply(channels.to(address.toString()))
            .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(headers))
            .withDeadlineAfter(timeout.toNanos(), TimeUnit.NANOSECONDS);
    try {
      return call.apply(stub);
    } catch (StatusRuntimeException e) {
      var failure = GrpcErrors.fromStatus(e);
      if (!failure.position().isEmpty()) {
        // That there is nothing is something to have seen, too.
        token = failure.position();
      }
      if (failure.code().kind() == ErrorCode.Kind.INTERNAL) {
        coordinator = (coordinator + 1) % coordinators.size();
      }
      throw failure;
    }
  }
}
