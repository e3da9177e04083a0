package dev.heddle.shard;

import dev.heddle.process.DurableFiles;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/**
 * Where shards lie: {@code datasets/{datasetId}/{shard}/} holds {@code index/}, {@code log/}, and
 * {@code shard.json} once the shard was made. A dropped dataset first moves to {@code dropped/}, so
 * that a half deleted one is never taken for one that is there. For one thread.
 */
final class ShardFolders {
  private static final Logger log = LoggerFactory.getLogger(ShardFolders.class);
  private static final String RECORD = "shard.json";
  private static final JsonMapper JSON = JsonMapper.builder().build();

  private final Path datasets;
  private final Path dropped;

  ShardFolders(Path directory) {
    this.datasets = directory.resolve("datasets");
    this.dropped = directory.resolve("dropped");
    try {
      Files.createDirectories(datasets);
      if (Files.exists(dropped)) {
        DurableFiles.deleteAll(dropped);
      }
    } catch (IOException e) {
      throw new HeddleException(
          ErrorCode.STORAGE_FAILED,
          "shards: %s: %s (expected: a directory to write to)".formatted(directory, e),
          e);
    }
  }

  /**
   * What was written down when a shard was made.
   *
   * @param revision of the catalog that asked for it
   */
  record Made(ShardIdentity identity, long revision) {}

  Path index(ShardIdentity identity) throws IOException {
    return Files.createDirectories(folder(identity.datasetId(), identity.shard()).resolve("index"));
  }

  /** Where the shard's log is. */
  Path log(ShardIdentity identity) throws IOException {
    return Files.createDirectories(folder(identity.datasetId(), identity.shard()).resolve("log"));
  }

  Path folder(ShardIdentity identity) throws IOException {
    return Files.createDirectories(folder(identity.datasetId(), identity.shard()));
  }

  private Path folder(String datasetId, int shard) {
    return datasets.resolve(datasetId).resolve(Integer.toString(shard));
  }

  /** Empty: never made, or not to the end. */
  Optional<Made> made(String datasetId, int shard) throws IOException {
    Path record = folder(datasetId, shard).resolve(RECORD);
    if (!Files.exists(record)) {
      return Optional.empty();
    }
    try {
      return Optional.of(JSON.readValue(Files.readAllBytes(record), Made.class));
    } catch (JacksonException e) {
      throw new IOException(record + ": " + e.getOriginalMessage(), e);
    }
  }

  /** Whether the shard has a log, even if it was not made to the end. */
  boolean hasLog(ShardIdentity identity) {
    Path group =
        folder(identity.datasetId(), identity.shard())
            .resolve("log")
            .resolve(identity.incarnation());
    return Files.exists(group);
  }

  /** Notes that a shard is there from now on; durable on return. */
  void noteMade(Made made) throws IOException {
    Path folder = folder(made.identity().datasetId(), made.identity().shard());
    DurableFiles.replace(folder.resolve(RECORD), JSON.writeValueAsBytes(made));
    DurableFiles.forceDirectory(datasets.resolve(made.identity().datasetId()));
    DurableFiles.forceDirectory(datasets);
  }

  /** Shards that were made, as far as their records can be read. */
  List<Made> all() throws IOException {
    List<Made> all = new ArrayList<>();
    try (Stream<Path> found = Files.walk(datasets, 2)) {
      for (Path folder : found.filter(path -> Files.exists(path.resolve(RECORD))).toList()) {
        try {
          Path place = datasets.relativize(folder);
          String datasetId = place.getName(0).toString();
          int shard = Integer.parseInt(place.getName(1).toString());
          made(datasetId, shard).ifPresent(all::add);
        } catch (IOException | NumberFormatException e) {
          log.warn("shard record unreadable, left alone folder={}", folder, e);
        }
      }
    }
    return all;
  }

  /** Deletes all shards of a dataset, closed before. */
  void drop(String datasetId) throws IOException {
    Path folder = datasets.resolve(datasetId);
    if (!Files.exists(folder)) {
      return;
    }
    Files.createDirectories(dropped);
    Path moved = dropped.resolve(datasetId);
    Files.move(folder, moved, StandardCopyOption.ATOMIC_MOVE);
    DurableFiles.forceDirectory(datasets);
    DurableFiles.deleteAll(moved);
    log.info("dataset deleted dataset_id={}", datasetId);
  }

  /** Deletes one shard, closed before, that has moved to other nodes. */
  void drop(ShardIdentity identity) throws IOException {
    Path folder = folder(identity.datasetId(), identity.shard());
    if (!Files.exists(folder)) {
      return;
    }
    Files.createDirectories(dropped);
    Path moved = dropped.resolve(identity.datasetId() + "-" + identity.shard());
    if (Files.exists(moved)) {
      DurableFiles.deleteAll(moved);
    }
    Files.move(folder, moved, StandardCopyOption.ATOMIC_MOVE);
    DurableFiles.forceDirectory(datasets.resolve(identity.datasetId()));
    DurableFiles.deleteAll(moved);
    log.info("shard deleted, as it has moved shard={}", identity);
  }
}
