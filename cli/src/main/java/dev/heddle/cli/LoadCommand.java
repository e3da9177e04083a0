package dev.heddle.cli;

import dev.heddle.cli.client.ClusterGrpcClient;
import dev.heddle.cli.client.Corpora;
import dev.heddle.cli.client.DatasetsGrpcClient;
import dev.heddle.cli.client.Loader;
import dev.heddle.cli.terminal.Console;
import dev.heddle.cli.terminal.Figures;
import dev.heddle.process.Ticker;
import dev.heddle.sample.search.Corpus;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

@Command(
    name = "load",
    description = "Loads documents into a dataset.",
    footer = {
      "",
      "A file holds a JSON object a line, plain or gzip:"
          + " {\"id\":\"7\",\"title\":\"…\",\"body\":\"…\"}.",
      "A document with the id of one that is there replaces it.",
      "",
      "Examples:",
      "  heddle load books books.jsonl.gz --create --shards 4 --replicas 3",
      "  heddle load books books.jsonl --create --schema schema.json",
      "  heddle load articles dbpedia --create"
    })
final class LoadCommand implements Callable<Integer> {
  private final Console console;
  private final Ticker ticker = Ticker.system();

  @Spec private CommandSpec spec = CommandSpec.create();
  @Mixin private ClusterOptions cluster = new ClusterOptions();

  @Parameters(index = "0", paramLabel = "DATASET")
  private String dataset = "";

  @Parameters(
      index = "1",
      paramLabel = "FILE|dbpedia",
      description = "A file, or the sample corpus by its name.")
  private String source = "";

  @Option(names = "--create", description = "Create the dataset if it is not there.")
  private boolean create;

  @Option(
      names = "--shards",
      paramLabel = "N",
      description = "Shards of a created dataset. Default: as the cluster is configured.")
  private @Nullable Integer shards;

  @Option(
      names = "--replicas",
      paramLabel = "N",
      description =
          "Copies of each shard of a created dataset, 1..7. Default: 3 with three leaves or more.")
  private @Nullable Integer replicas;

  @Option(
      names = "--schema",
      paramLabel = "FILE",
      description = "Schema of a created dataset, JSON. Default: made from the first documents.")
  private @Nullable Path schema;

  @Option(names = "--json", description = "Print what became of the documents as JSON.")
  private boolean json;

  LoadCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    if (!create && (shards != null || replicas != null || schema != null)) {
      throw new ParameterException(
          spec.commandLine(),
          "--shards, --replicas and --schema are for a new dataset (expected: --create)");
    }
    try (ClusterGrpcClient connection = cluster.connect()) {
      DatasetsGrpcClient datasets = new DatasetsGrpcClient(connection);
      boolean missing = create && datasets.find(dataset).isEmpty();
      if (!create) {
        // Before anything is fetched or read.
        var _ = datasets.get(dataset);
      }
      Corpus corpus = corpus();
      if (missing) {
        var _ =
            datasets.create(
                dataset,
                JsonMapper.shared().readTree(corpus.schemaJson()),
                shards == null ? 0 : shards,
                replicas == null ? 0 : replicas);
        console.note("heddle: created dataset " + dataset);
      }
      Loader loader = new Loader(connection, console, ticker);
      return tell(loader, loader.load(dataset, corpus));
    }
  }

  private Corpus corpus() throws IOException {
    Corpora corpora =
        new Corpora(Checkout.ofProcess().home().resolve("sample-search"), console, ticker);
    Optional<String> given =
        schema == null ? Optional.empty() : Optional.of(Files.readString(schema));
    return source.equals("dbpedia") ? corpora.dbpedia(given) : corpora.file(Path.of(source), given);
  }

  /** A load with rejections has failed in part, which a script must be able to see. */
  private int tell(Loader loader, Loader.Result result) {
    loader.tellRejections(result);
    if (json) {
      ObjectNode node =
          JsonMapper.shared()
              .createObjectNode()
              .put("dataset", dataset)
              .put("written", result.written())
              .put("unreadable", result.unreadable())
              .put("refused", result.refused())
              .put("tookMicros", result.nanos() / 1_000)
              .put("documentsPerSecond", result.documentsPerSecond());
      result.reasons().forEach(node.putArray("reasons")::add);
      console.json(node);
    } else {
      console.line(
          "loaded "
              + Figures.count(result.written(), "document")
              + " into "
              + dataset
              + " in "
              + Figures.nanos(result.nanos())
              + " ("
              + Figures.count(result.documentsPerSecond())
              + " docs/s), rejected "
              + Figures.count(result.rejected()));
    }
    return result.rejected() == 0 ? 0 : 1;
  }
}
