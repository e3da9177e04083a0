package dev.heddle.cli;

import dev.heddle.cli.client.Alteration;
import dev.heddle.cli.client.ClusterGrpcClient;
import dev.heddle.cli.client.DatasetInfo;
import dev.heddle.cli.client.DatasetsGrpcClient;
import dev.heddle.cli.client.FieldSpec;
import dev.heddle.cli.terminal.Console;
import dev.heddle.cli.terminal.Figures;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
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
import tools.jackson.databind.node.ObjectNode;

@Command(
    name = "dataset",
    description = "Creates, lists, describes, alters and drops datasets.",
    synopsisSubcommandLabel = "COMMAND",
    footer = {
      "",
      "Examples:",
      "  heddle dataset create books --schema schema.json --shards 4 --replicas 3",
      "  heddle dataset alter books --add-field subtitle:text:english:2 --add-field isbn:keyword",
      "  heddle dataset describe books --json",
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
        "A document with a field that the schema lacks is refused, unless the schema",
        "is dynamic: then such fields are kept and returned, and not searched.",
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
      @Option(
              names = "--replicas",
              paramLabel = "N",
              defaultValue = "0",
              description = "Copies of each shard, 1..7. Default: 3 with three leaves or more.")
          int replicas,
      @Option(names = "--dynamic", description = "Take documents with unknown fields.")
          boolean dynamic,
      @Option(names = "--json", description = "Print the dataset as JSON.") boolean json)
      throws IOException {
    JsonNode tree = schema(schema);
    if (dynamic && tree instanceof ObjectNode object) {
      object.put("dynamic", true);
    }
    try (ClusterGrpcClient connection = cluster.connect()) {
      DatasetInfo dataset = new DatasetsGrpcClient(connection).create(name, tree, shards, replicas);
      if (json) {
        console.json(JsonMapper.shared().valueToTree(dataset));
      } else {
        console.line(
            "created "
                + dataset.name()
                + " with "
                + Figures.count(dataset.shards().size(), "shard")
                + ", "
                + Figures.count(dataset.replicas(), "replica")
                + " each");
      }
    }
    return 0;
  }

  private JsonNode schema(Path file) throws IOException {
    try {
      return JsonMapper.shared().readTree(Files.readString(file));
    } catch (JacksonException e) {
      throw new ParameterException(
          spec.commandLine(), file + ": " + e.getOriginalMessage() + " (expected: JSON)", e);
    }
  }

  @Command(
      name = "alter",
      description = "Adds fields to a dataset, or changes how many copies it has.",
      footer = {
        "",
        "Documents that were written before are not indexed anew: write them again",
        "where the new field is to find them. Copies are made and removed in the",
        "background; see heddle status.",
        "",
        "Examples:",
        "  heddle dataset alter books --add-field subtitle:text:english:2",
        "  heddle dataset alter books --add-field tags:keyword[] --replicas 3"
      })
  int alter(
      @Mixin ClusterOptions cluster,
      @Parameters(paramLabel = "DATASET") String name,
      @Option(
              names = "--add-field",
              paramLabel = "FIELD",
              converter = FieldArgument.class,
              description =
                  "name:type[:analyzer[:weight]]; type[] takes several values. Several times, if"
                      + " need be.")
          @Nullable List<FieldSpec> fields,
      @Option(names = "--replicas", paramLabel = "N", description = "Copies of each shard, 1..7.")
          @Nullable Integer replicas,
      @Option(
              names = "--dynamic",
              negatable = true,
              description = "Whether to take documents with unknown fields.")
          @Nullable Boolean dynamic,
      @Option(names = "--json", description = "Print the dataset as JSON.") boolean json) {
    Alteration alteration =
        new Alteration(
            fields == null ? List.of() : fields,
            Optional.ofNullable(replicas),
            Optional.ofNullable(dynamic));
    if (alteration.empty()) {
      throw new ParameterException(
          Objects.requireNonNull(spec.commandLine().getSubcommands().get("alter")),
          "nothing to change (expected: --add-field, --replicas or --dynamic)");
    }
    try (ClusterGrpcClient connection = cluster.connect()) {
      DatasetInfo dataset = new DatasetsGrpcClient(connection).alter(name, alteration);
      if (json) {
        console.json(JsonMapper.shared().valueToTree(dataset));
      } else {
        console.line(
            "altered "
                + dataset.name()
                + ": schema "
                + dataset.schemaVersion()
                + " with "
                + Figures.count(dataset.schema().path("fields").size(), "field")
                + ", "
                + Figures.count(dataset.replicas(), "replica"));
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
        console.line(DatasetText.table(datasets));
      }
    }
    return 0;
  }

  @Command(
      name = "describe",
      aliases = "show",
      description = "Shows a dataset's schema, shards and replicas.")
  int describe(
      @Mixin ClusterOptions cluster,
      @Parameters(paramLabel = "DATASET") String name,
      @Option(names = "--json", description = "Print it as JSON.") boolean json) {
    try (ClusterGrpcClient connection = cluster.connect()) {
      DatasetInfo dataset = new DatasetsGrpcClient(connection).get(name);
      if (json) {
        console.json(JsonMapper.shared().valueToTree(dataset));
      } else {
        console.line(DatasetText.table(List.of(dataset)));
        console.line("");
        console.line(
            "schema "
                + dataset.schemaVersion()
                + "; unknown fields are "
                + (dataset.schema().path("dynamic").asBoolean(false) ? "kept" : "refused"));
        console.line(DatasetText.fields(dataset.schema()));
        console.line("");
        console.line(DatasetText.shards(dataset));
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
}
