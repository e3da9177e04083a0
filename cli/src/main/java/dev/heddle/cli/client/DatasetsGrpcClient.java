package dev.heddle.cli.client;

import dev.heddle.process.ErrorCode;
import dev.heddle.v1.CreateDatasetRequest;
import dev.heddle.v1.Dataset;
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
   */
  public DatasetInfo create(String name, JsonNode schema, int shards) {
    CreateDatasetRequest request =
        CreateDatasetRequest.newBuilder()
            .setName(name)
            .setSchema(SchemaWire.fromJson(schema))
            .setShards(shards)
            .build();
    return info(cluster.call(() -> cluster.timed(stub).create(request)));
  }

  public DatasetInfo get(String name) {
    GetDatasetRequest request = GetDatasetRequest.newBuilder().setName(name).build();
    return info(cluster.call(() -> cluster.timed(stub).get(request)));
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
        .map(DatasetsGrpcClient::info)
        .toList();
  }

  public void drop(String name) {
    DropDatasetRequest request = DropDatasetRequest.newBuilder().setName(name).build();
    var _ = cluster.call(() -> cluster.timed(stub).drop(request));
  }

  private static DatasetInfo info(Dataset dataset) {
    return new DatasetInfo(
        dataset.getName(),
        dataset.getId(),
        SchemaWire.toJson(dataset.getSchema()),
        dataset.getShardsList().stream()
            .map(shard ->
                new ShardInfo(
                    shard.getShard(),
                    shard.getGeneration(),
                    shard.getNodesList(),
                    shard.getDocuments(),
                    shard.getAvailable()))
            .toList(),
        dataset.getDocuments(),
        dataset.getCreatedAt());
  }
}
