package dev.heddle.cli.client;

import dev.heddle.process.ErrorCode;
import dev.heddle.v1.AlterDatasetRequest;
import dev.heddle.v1.CreateDatasetRequest;
import dev.heddle.v1.DatasetsGrpc;
import dev.heddle.v1.DropDatasetRequest;
import dev.heddle.v1.GetDatasetRequest;
import dev.heddle.v1.ListDatasetsRequest;
import java.util.List;
import java.util.Optional;
import tools.jackson.databind.JsonNode;

/** The datasets of a cluster. Thread safe. */
public final class DatasetsGrpcClient {
  private final ClusterGrpcClient cluster;
  private final DatasetsGrpc.DatasetsBlockingStub stub;

  public DatasetsGrpcClient(ClusterGrpcClient cluster) {
    this.cluster = cluster;
    this.stub = DatasetsGrpc.newBlockingStub(cluster.channel());
  }

  /**
   * @param schema as the HTTP edge has it
   * @param shards 0: as many as the cluster's configuration says
   * @param replicas copies of each shard; 0: three where there are so many leaves, else one
   */
  public DatasetInfo create(String name, JsonNode schema, int shards, int replicas) {
    CreateDatasetRequest request =
        CreateDatasetRequest.newBuilder()
            .setName(name)
            .setSchema(SchemaWire.fromJson(schema))
            .setShards(shards)
            .setReplicas(replicas)
            .build();
    return DatasetWire.info(cluster.call(() -> cluster.timed(stub).create(request)));
  }

  public DatasetInfo get(String name) {
    GetDatasetRequest request = GetDatasetRequest.newBuilder().setName(name).build();
    return DatasetWire.info(cluster.call(() -> cluster.timed(stub).get(request)));
  }

  public Optional<DatasetInfo> find(String name) {
    try {
      return Optional.of(get(name));
    } catch (RemoteFailure e) {
      if (e.code() == ErrorCode.UNKNOWN_DATASET || e.code() == ErrorCode.NOT_FOUND) {
        return Optional.empty();
      }
      throw e;
    }
  }

  public List<DatasetInfo> list() {
    return cluster
        .call(() -> cluster.timed(stub).list(ListDatasetsRequest.getDefaultInstance()))
        .getDatasetsList()
        .stream()
        .map(DatasetWire::info)
        .toList();
  }

  /** Returns once the change is decided; copies come and go behind that. */
  public DatasetInfo alter(String name, Alteration alteration) {
    AlterDatasetRequest.Builder request = AlterDatasetRequest.newBuilder().setName(name);
    alteration.addFields().forEach(field -> request.addAddFields(SchemaWire.field(field)));
    alteration.replicas().ifPresent(request::setReplicas);
    alteration.dynamic().ifPresent(request::setDynamic);
    return DatasetWire.info(cluster.call(() -> cluster.timed(stub).alter(request.build())));
  }

  public void drop(String name) {
    DropDatasetRequest request = DropDatasetRequest.newBuilder().setName(name).build();
    var _ = cluster.call(() -> cluster.timed(stub).drop(request));
  }
}
