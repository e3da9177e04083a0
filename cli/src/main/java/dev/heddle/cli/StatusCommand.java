package dev.heddle.cli;

import dev.heddle.cli.client.ClusterAddress;
import dev.heddle.cli.client.ClusterGrpcClient;
import dev.heddle.cli.client.DatasetInfo;
import dev.heddle.cli.client.DatasetsGrpcClient;
import dev.heddle.cli.client.FunctionInfo;
import dev.heddle.cli.client.FunctionsGrpcClient;
import dev.heddle.cli.client.NodeInfo;
import dev.heddle.cli.client.NodesGrpcClient;
import dev.heddle.cli.client.ShardInfo;
import dev.heddle.cli.terminal.Console;
import dev.heddle.cli.terminal.Figures;
import dev.heddle.cli.terminal.TextTable;
import dev.heddle.process.HostPort;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

@Command(
    name = "status",
    description = "Shows nodes, datasets, shards and functions.",
    footer = {
      "",
      "Nodes are known where the catalog's internal address is: of the demo in this checkout, or"
          + " by",
      "--internal.",
      "",
      "Examples:",
      "  heddle status",
      "  heddle status --json | jq '.datasets[].documents'"
    })
final class StatusCommand implements Callable<Integer> {
  private final Console console;

  @Mixin private ClusterOptions cluster = new ClusterOptions();

  @Option(
      names = "--internal",
      paramLabel = "HOST:PORT",
      description = "Internal gRPC address of the node with the catalog.")
  private @Nullable String internal;

  @Option(names = "--json", description = "Print everything as JSON.")
  private boolean json;

  StatusCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() {
    ClusterAddress address = cluster.address();
    Optional<HostPort> catalog =
        internal == null ? address.internal() : Optional.of(HostPort.parse(internal));
    try (ClusterGrpcClient connection = cluster.connect()) {
      List<DatasetInfo> datasets = new DatasetsGrpcClient(connection).list();
      List<FunctionInfo> functions = new FunctionsGrpcClient(connection).list();
      Optional<List<NodeInfo>> nodes =
          catalog.map(at -> new NodesGrpcClient(connection, at, cluster.timeout()).list());
      if (json) {
        ObjectNode status =
            JsonMapper.shared()
                .createObjectNode()
                .put("http", address.http().toString())
                .put("grpc", address.grpc().toString());
        nodes.ifPresent(list -> status.set("nodes", JsonMapper.shared().valueToTree(list)));
        status.set("datasets", JsonMapper.shared().valueToTree(datasets));
        status.set("functions", JsonMapper.shared().valueToTree(functions));
        console.json(status);
      } else {
        console.line("cluster " + address.http() + ", gRPC " + address.grpc());
        console.line("");
        console.line(nodes.map(StatusCommand::nodes).orElse("nodes: not known (see --internal)"));
        console.line("");
        console.line(DatasetCommand.table(datasets));
        shards(datasets);
        console.line("");
        console.line(FunctionCommand.table(functions));
      }
    }
    return 0;
  }

  private static String nodes(List<NodeInfo> nodes) {
    TextTable table = TextTable.of("NODE", "ROLES", "INTERNAL", "GRPC", "HTTP");
    nodes.forEach(node ->
        table.row(
            node.node(),
            String.join(",", node.roles()),
            node.internal(),
            node.grpc(),
            node.http()));
    return table.text();
  }

  private void shards(List<DatasetInfo> datasets) {
    TextTable table = TextTable.of("DATASET", ">SHARD", "NODES", ">DOCUMENTS", "STATE");
    for (DatasetInfo dataset : datasets) {
      for (ShardInfo shard : dataset.shards()) {
        table.row(
            dataset.name(),
            shard.shard(),
            String.join(",", shard.nodes()),
            Figures.count(shard.documents()),
            shard.available() ? "available" : "unavailable");
      }
    }
    if (!datasets.isEmpty()) {
      console.line("");
      console.line(table.text());
    }
  }
}
