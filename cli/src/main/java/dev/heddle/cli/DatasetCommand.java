package dev.heddle.cli;

import dev.heddle.cli.client.ClusterGrpcClient;
import dev.heddle.cli.client.DatasetInfo;
import dev.heddle.cli.client.DatasetsGrpcClient;
import dev.heddle.cli.client.ShardInfo;
import dev.heddle.cli.terminal.Console;
import dev.heddle.cli.terminal.Figures;
import dev.heddle.cli.terminal.TextTable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

@Command(
    name = "dataset",
    description = "Creates, lists, shows and drops datasets.",
    synopsisSubcommandLabel = "COMMAND",
    footer = {
      "",
      "Examples:",
      "  heddle dataset create books --schema schema.json --shards 4",
      "  heddle dataset show books --json",
      "  heddle dataset drop books"
    })
final class DatasetCommand implements Callable<Integer> {
  private final Console console;

  @Spec private CommandSpec spec = CommandSpec.create();

  DatasetCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() {
    spec.commandLine().usage(console.err());
    return ExitCode.USAGE;
  }

  @Command(
      name = "create",
      description = "Creates a dataset.",
      footer = {
        "",
        "A schema:"
            + " {\"fields\":[{\"name\":\"title\",\"type\":\"text\",\"analyzer\":\"english\",\"weight\":2},",
        "  {\"name\":\"tags\",\"type\":\"keyword\",\"multi\":true}]}",
        "Types: text, keyword, long, double, date, geoPoint, stored.",
        "Analyzers: standard, english, simple."
      })
  int create(
      @Mixin ClusterOptions cluster,
      @Parameters(paramLabel = "DATASET") String name,
      @Option(
              names = "--schema",
              required = true,
              paramLabel = "FILE",
              description = "The schema, JSON.")
          Path schema,
      @Option(
              names = "--shards",
              paramLabel = "N",
              defaultValue = "0",
              description = "Default: as the cluster is configured.")
          int shards,
      @Option(names = "--json", description = "Print the dataset as JSON.") boolean json)
      throws IOException {
    JsonNode tree;
    try {
      tree = JsonMapper.shared().readTree(Files.readString(schema));
    } catch (JacksonException e) {
      throw new ParameterException(
          spec.commandLine(), schema + ": " + e.getOriginalMessage() + " (expected: JSON)", e);
    }
    try (ClusterGrpcClient connection = cluster.connect()) {
      DatasetInfo dataset = new DatasetsGrpcClient(connection).create(name, tree, shards);
      if (json) {
        console.json(JsonMapper.shared().valueToTree(dataset));
      } else {
        console.line(
            "created "
                + dataset.name()
                + " with "
                + Figures.count(dataset.shards().size(), "shard"));
      }
    }
    return 0;
  }

  @Command(name = "list", description = "Lists the datasets.")
  int list(
      @Mixin ClusterOptions cluster,
      @Option(names = "--json", description = "Print them as JSON.") boolean json) {
    try (ClusterGrpcClient connection = cluster.connect()) {
      List<DatasetInfo> datasets = new DatasetsGrpcClient(connection).list();
      if (json) {
        console.json(JsonMapper.shared().valueToTree(datasets));
      } else {
        console.line(table(datasets));
      }
    }
    return 0;
  }

  @Command(name = "show", description = "Shows a dataset's schema and shards.")
  int show(
      @Mixin ClusterOptions cluster,
      @Parameters(paramLabel = "DATASET") String name,
      @Option(names = "--json", description = "Print it as JSON.") boolean json) {
    try (ClusterGrpcClient connection = cluster.connect()) {
      DatasetInfo dataset = new DatasetsGrpcClient(connection).get(name);
      if (json) {
        console.json(JsonMapper.shared().valueToTree(dataset));
      } else {
        console.line(table(List.of(dataset)));
        console.line("");
        console.line(fields(dataset.schema()));
        console.line("");
        console.line(shards(dataset));
      }
    }
    return 0;
  }

  @Command(name = "drop", description = "Drops a dataset with all its documents.")
  int drop(@Mixin ClusterOptions cluster, @Parameters(paramLabel = "DATASET") String name) {
    try (ClusterGrpcClient connection = cluster.connect()) {
      new DatasetsGrpcClient(connection).drop(name);
      console.line("dropped " + name);
    }
    return 0;
  }

  static String table(List<DatasetInfo> datasets) {
    TextTable table = TextTable.of("DATASET", ">DOCUMENTS", ">SHARDS", ">AVAILABLE", "CREATED");
    datasets.forEach(d ->
        table.row(
            d.name(),
            Figures.count(d.documents()),
            d.shards().size(),
            d.shards().stream().filter(ShardInfo::available).count(),
            d.createdAt()));
    return table.text();
  }

  private static String fields(JsonNode schema) {
    TextTable table = TextTable.of("FIELD", "TYPE", "ANALYZER", ">WEIGHT", "MULTI");
    for (JsonNode field : schema.path("fields")) {
      table.row(
          field.path("name").asString(""),
          field.path("type").asString(""),
          field.path("analyzer").asString(""),
          field.path("weight").asString(""),
          field.path("multi").asBoolean(false) ? "yes" : "");
    }
    return table.text();
  }

  private static String shards(DatasetInfo dataset) {
    TextTable table = TextTable.of(">SHARD", ">GENERATION", "NODES", ">DOCUMENTS", "STATE");
    for (ShardInfo shard : dataset.shards()) {
      table.row(
          shard.shard(),
          shard.generation(),
          String.join(",", shard.nodes()),
          Figures.count(shard.documents()),
          shard.available() ? "available" : "unavailable");
    }
    return table.text();
  }
}
