package dev.heddle.cli.demo;

import dev.heddle.cli.client.Alteration;
import dev.heddle.cli.client.ClusterGrpcClient;
import dev.heddle.cli.client.DatasetInfo;
import dev.heddle.cli.client.DatasetsGrpcClient;
import dev.heddle.cli.terminal.Console;
import dev.heddle.cli.terminal.Figures;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import tools.jackson.databind.json.JsonMapper;

/** What was said in the chat: a dataset that begins empty, and is kept ever after. */
final class DemoHistory implements DemoData {
  private static final String DATASET = "chat";

  private final DemoOptions options;
  private final Path sample;
  private final Console console;

  DemoHistory(DemoOptions options, Path sample, Console console) {
    this.options = options;
    this.sample = sample;
    this.console = console;
  }

  @Override
  public String dataset() {
    return DATASET;
  }

  @Override
  public boolean ensure(ClusterGrpcClient grpc, DemoSupervisor supervisor) throws IOException {
    DatasetsGrpcClient datasets = new DatasetsGrpcClient(grpc);
    Optional<DatasetInfo> there = datasets.find(DATASET);
    if (there.isEmpty()) {
      String schema = Files.readString(sample.resolve("app/schema.json"));
      var _ =
          datasets.create(
              DATASET, JsonMapper.shared().readTree(schema), options.shards(), options.replicas());
      console.note("heddle: created dataset " + DATASET);
      return false;
    }
    int shards = there.get().shards().size();
    if (shards != options.shards()) {
      console.note(
          "heddle: dataset "
              + DATASET
              + " keeps its "
              + Figures.count(shards, "shard")
              + " (--shards is for a new one)");
    }
    return replicate(datasets, there.get());
  }

  /** Asks for the copies that the demo wants; they come while it goes on. */
  private boolean replicate(DatasetsGrpcClient datasets, DatasetInfo there) {
    int replicas = options.replicas();
    if (there.replicas() == replicas) {
      return false;
    }
    var _ =
        datasets.alter(DATASET, new Alteration(List.of(), Optional.of(replicas), Optional.empty()));
    console.note(
        "heddle: dataset "
            + DATASET
            + " goes from "
            + there.replicas()
            + " to "
            + replicas
            + " replicas, in the background");
    return true;
  }

  @Override
  public void close() {
    // Holds nothing.
  }
}
