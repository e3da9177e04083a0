package dev.heddle.cli;

import dev.heddle.cli.client.DatasetInfo;
import dev.heddle.cli.client.ReplicaInfo;
import dev.heddle.cli.client.ShardInfo;
import dev.heddle.cli.terminal.Figures;
import dev.heddle.cli.terminal.TextTable;
import java.util.ArrayList;
import java.util.List;
import tools.jackson.databind.JsonNode;

/** Datasets as a person reads them, in tables of at most a hundred columns. */
final class DatasetText {
  private static final int REPLICAS_WIDTH = 36;
  private static final int STATE_WIDTH = 26;

  private DatasetText() {}

  static String table(List<DatasetInfo> datasets) {
    TextTable table =
        TextTable.of("DATASET", ">DOCUMENTS", ">SHARDS", ">AVAILABLE", ">REPLICAS", "CREATED");
    datasets.forEach(d ->
        table.row(
            d.name(),
            Figures.count(d.documents()),
            d.shards().size(),
            d.shards().stream().filter(ShardInfo::available).count(),
            d.replicas(),
            Figures.instant(d.createdAt())));
    return table.text();
  }

  static String fields(JsonNode schema) {
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

  /** Where the copies of each shard are, who leads, how far the others are behind. */
  static String shards(DatasetInfo dataset) {
    TextTable table = TextTable.of(">SHARD", ">DOCUMENTS", "LEADER", "REPLICAS", ">LAG", "STATE");
    for (ShardInfo shard : dataset.shards()) {
      table.row(
          shard.shard(),
          Figures.count(shard.documents()),
          shard.leader().orElse("none"),
          Figures.lines(replicas(shard), ", ", REPLICAS_WIDTH),
          lag(shard),
          Figures.lines(state(dataset, shard), ", ", STATE_WIDTH));
    }
    return table.text();
  }

  private static List<String> replicas(ShardInfo shard) {
    return shard.nodes().stream()
        .map(node ->
            shard
                .replica(node)
                .map(replica -> replica.available() ? node : node + " (closed)")
                .orElse(node + " (away)"))
        .toList();
  }

  /** Of the replica that is furthest behind. */
  private static String lag(ShardInfo shard) {
    return shard.replicas().isEmpty()
        ? "?"
        : Figures.count(shard.replicas().stream().mapToLong(ReplicaInfo::lag).max().orElse(0));
  }

  private static List<String> state(DatasetInfo dataset, ShardInfo shard) {
    List<String> state = new ArrayList<>();
    state.add(shard.available() ? "available" : "unavailable");
    shard
        .joining()
        .forEach(node ->
            state.add(node + " joins" + shard.replica(node).map(DatasetText::progress).orElse("")));
    shard.leaving().forEach(node -> state.add(node + " leaves"));
    int missing = dataset.replicas() - shard.nodes().size() - shard.joining().size();
    if (missing > 0) {
      state.add(Figures.count(missing) + " to come");
    }
    return state;
  }

  /** Of a snapshot that comes over, then of the entries behind it. */
  private static String progress(ReplicaInfo replica) {
    if (replica.progress().isPresent()) {
      return " (" + Figures.percent(Math.round(replica.progress().get() * 1_000), 1_000) + ")";
    }
    return replica.lag() > 0 ? " (lag " + Figures.count(replica.lag()) + ")" : "";
  }

  /** How many replicas are on their way in or out. */
  static long moves(List<DatasetInfo> datasets) {
    return datasets.stream()
        .flatMap(dataset -> dataset.shards().stream())
        .mapToLong(shard -> shard.joining().size() + shard.leaving().size())
        .sum();
  }
}
