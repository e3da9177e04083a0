package dev.heddle.cli;

import dev.heddle.cli.client.ClusterAddress;
import dev.heddle.cli.client.ClusterGrpcClient;
import dev.heddle.cli.client.ClusterInfo;
import dev.heddle.cli.client.FunctionInfo;
import dev.heddle.cli.client.FunctionsGrpcClient;
import dev.heddle.cli.client.NodeInfo;
import dev.heddle.cli.client.StatusGrpcClient;
import dev.heddle.cli.terminal.Console;
import dev.heddle.cli.terminal.Figures;
import dev.heddle.cli.terminal.TextTable;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

@Command(
    name = "status",
    description = "Shows nodes, catalog, datasets with their replicas, and functions.",
    footer = {
      "",
      "LAG is how many entries the replica that is furthest behind has still to apply. A replica"
          + " is",
      "`away` when its node does not answer, and `closed` when it cannot be read there.",
      "",
      "Examples:",
      "  heddle status",
      "  heddle status --json | jq '.datasets[].shards[].replicas'"
    })
final class StatusCommand implements Callable<Integer> {
  private static final int ADDRESSES_WIDTH = 66;

  private final Console console;

  @Mixin private ClusterOptions cluster = new ClusterOptions();

  @Option(names = "--json", description = "Print everything as JSON.")
  private boolean json;

  StatusCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() {
    ClusterAddress address = cluster.address();
    try (ClusterGrpcClient connection = cluster.connect()) {
      ClusterInfo status = new StatusGrpcClient(connection).get();
      List<FunctionInfo> functions = new FunctionsGrpcClient(connection).list();
      if (json) {
        ObjectNode all =
            JsonMapper.shared()
                .createObjectNode()
                .put("http", address.http().toString())
                .put("grpc", address.grpc().toString());
        if (JsonMapper.shared().valueToTree(status) instanceof ObjectNode members) {
          all.setAll(members);
        }
        all.set("functions", JsonMapper.shared().valueToTree(functions));
        console.json(all);
      } else {
        console.line(text(address, status));
        console.line("");
        console.line(FunctionCommand.table(functions));
      }
    }
    return 0;
  }

  static String text(ClusterAddress address, ClusterInfo status) {
    StringBuilder text = new StringBuilder();
    text.append("cluster  ").append(status.clusterId());
    text.append(", asked at ").append(address.grpc());
    text.append("\ncatalog  ")
        .append(status.catalogLeader().isEmpty() ? "no leader" : "leader " + status.catalogLeader())
        .append(", voters ")
        .append(
            status.catalogVoters().isEmpty()
                ? "not known"
                : String.join(" ", status.catalogVoters()))
        .append(", revision ")
        .append(status.catalogRevision());
    long moves = DatasetText.moves(status.datasets());
    if (moves > 0) {
      text.append("\nmoves    ").append(Figures.count(moves, "replica")).append(" on the way");
    }
    text.append("\n\n").append(nodes(status.nodes()));
    text.append("\n\n").append(DatasetText.table(status.datasets()));
    status
        .datasets()
        .forEach(dataset ->
            text.append("\n\n")
                .append(dataset.name())
                .append(":\n")
                .append(DatasetText.shards(dataset)));
    return text.toString();
  }

  private static String nodes(List<NodeInfo> nodes) {
    TextTable table = TextTable.of("NODE", "ROLES", "ADDRESSES");
    for (NodeInfo node : nodes) {
      List<String> addresses = new ArrayList<>();
      add(addresses, "internal", node.internal());
      add(addresses, "replication", node.replication());
      add(addresses, "grpc", node.grpc());
      add(addresses, "http", node.http());
      table.row(
          node.node(),
          Figures.lines(node.roles(), ",", 19),
          Figures.lines(addresses, "  ", ADDRESSES_WIDTH));
    }
    return table.text();
  }

  private static void add(List<String> addresses, String what, String address) {
    if (!address.isEmpty()) {
      addresses.add(what + " " + address);
    }
  }
}
