package dev.heddle.loadtest.search;

import dev.heddle.loadtest.chaos.FreePorts;
import dev.heddle.loadtest.chaos.JavaCommand;
import dev.heddle.loadtest.chaos.ProcessCluster;
import dev.heddle.loadtest.http.HttpRequest;
import dev.heddle.loadtest.invoke.FunctionNodes;
import dev.heddle.loadtest.store.BulkGrpcClient;
import dev.heddle.process.Channels;
import dev.heddle.process.Credentials;
import dev.heddle.process.HostPort;
import dev.heddle.process.Ticker;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/** A cluster of this build with datasets to search. For one thread. */
final class SearchCluster implements AutoCloseable {
  private static final Duration START = Duration.ofMinutes(3);
  private static final Map<String, String> JSON =
      Map.of("Content-Type", "application/json", "Accept", "application/json");

  private final String name;
  private final FunctionNodes nodes;
  private final ProcessCluster cluster;
  private final Channels channels = new Channels(Credentials.none());

  private SearchCluster(String name, FunctionNodes nodes, ProcessCluster cluster) {
    this.name = name;
    this.nodes = nodes;
    this.cluster = cluster;
  }

  /** All roles in one process. */
  static SearchCluster together(Path directory, FreePorts ports, JavaCommand java, Ticker ticker)
      throws InterruptedException {
    return start("together", FunctionNodes.together(directory, ports), java, ticker);
  }

  /** Leaves in processes of their own, and one for gateway and coordinator. */
  static SearchCluster apart(
      Path directory, FreePorts ports, int leaves, JavaCommand java, Ticker ticker)
      throws InterruptedException {
    return start("apart", FunctionNodes.apart(directory, ports, leaves), java, ticker);
  }

  private static SearchCluster start(
      String name, FunctionNodes nodes, JavaCommand java, Ticker ticker)
      throws InterruptedException {
    var started = new SearchCluster(name, nodes, new ProcessCluster(nodes.layout(), java, ticker));
    try {
      started.cluster.start(START);
      return started;
    } catch (InterruptedException | RuntimeException e) {
      started.close();
      throw e;
    }
  }

  private HostPort coordinator() {
    return nodes.layout().coordinators().getFirst();
  }

  /** Makes a dataset with one replica of each shard, and loads the documents. */
  void load(String dataset, int shards, SearchDocuments documents) throws InterruptedException {
    var bulk = new BulkGrpcClient(channels, coordinator());
    bulk.create(dataset, SearchDocuments.SCHEMA, shards, 1);
    bulk.load(dataset, documents.toLoad());
  }

  void drop(String dataset) {
    new BulkGrpcClient(channels, coordinator()).drop(dataset);
  }

  /** Of all its processes. */
  List<Long> pids() {
    return cluster.pids();
  }

  /** Of those that coordinate. */
  List<Long> headPids() {
    return nodes.nodes().stream()
        .filter(node -> node.grpc().isPresent())
        .map(node -> cluster.pid(node.node()))
        .toList();
  }

  Subject http(String dataset, List<SearchQuery> queries) {
    var target = "/v1/datasets/" + dataset + "/query";
    return new HttpSubject(
        name + "Http",
        nodes.http(),
        cluster::pids,
        true,
        queries.stream()
            .map(query -> HttpRequest.of("POST", target, nodes.http(), JSON, query.heddleJson()))
            .toList(),
        AnswerJson::heddle);
  }

  Subject grpc(String dataset, List<SearchQuery> queries) {
    return new SearchGrpcClient(
        name + "Grpc", channels, coordinator(), cluster::pids, dataset, queries);
  }

  @Override
  public void close() {
    try (channels) {
      cluster.close();
    }
  }
}
