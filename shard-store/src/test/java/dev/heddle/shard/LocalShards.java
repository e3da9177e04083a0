package dev.heddle.shard;

import dev.heddle.catalog.Schema;
import dev.heddle.catalog.Slots;
import dev.heddle.function.Query;
import dev.heddle.process.DataSize;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Some shards of one dataset, without a store around them. */
final class LocalShards implements AutoCloseable {
  private final SharedMerges merges = new SharedMerges();
  private final List<LocalShard> shards = new ArrayList<>();
  private final FilterCache filters = new FilterCache(DataSize.ofMiB(8).bytes());

  LocalShards(Path directory, Schema schema, int count) throws IOException {
    ShardOpening opening =
        new ShardOpening(
            ShardStoreConfig.defaults(),
            new ShardFolders(directory),
            merges,
            ShardOpening.Disk.files());
    for (int shard = 0; shard < count; shard++) {
      shards.add(
          opening.open(
              new ShardIdentity("default", "things", "d-" + count, shard, "i1"), schema, 1));
    }
  }

  LocalShard shard(int number) {
    return shards.get(number);
  }

  int count() {
    return shards.size();
  }

  /** Writes to the shard that the id belongs to; the message of its error, or "". */
  String put(String id, String json) {
    return write(new Operation.Put(id, json.getBytes(StandardCharsets.UTF_8)));
  }

  String delete(String id) {
    return write(new Operation.Delete(id));
  }

  private String write(Operation operation) {
    LocalShard shard = shards.get(Slots.shard(operation.id(), shards.size()));
    List<OperationError> errors = new ArrayList<>();
    shard.apply(shard.prepare(List.of(operation), errors), errors);
    return errors.isEmpty() ? "" : errors.getFirst().code() + " " + errors.getFirst().message();
  }

  void refresh() throws IOException {
    for (LocalShard shard : shards) {
      shard.refresh();
    }
  }

  /** Figures for a query, summed over all shards. */
  StatisticsSnapshot statistics(Query query) throws IOException {
    Set<TermKey> terms = new HashSet<>();
    for (int shard = 0; shard < shards.size(); shard++) {
      try (ShardReader reader = open(shard, StatisticsSnapshot.of(ShardStatistics.NONE))) {
        terms.addAll(reader.missingStatistics(query));
      }
    }
    ShardStatistics sum = ShardStatistics.NONE;
    for (LocalShard shard : shards) {
      var reader = shard.acquire();
      sum = sum.plus(StatisticsReading.read(reader, shard.fields(), terms, true));
      shard.release(reader);
    }
    return StatisticsSnapshot.of(sum);
  }

  ShardReader open(int shard, StatisticsSnapshot statistics) throws IOException {
    return open(shard, new ReadScope(statistics, () -> false, new ShardMeter()));
  }

  ShardReader open(int shard, ReadScope scope) throws IOException {
    LocalShard local = shards.get(shard);
    return new ShardReader(local, local.acquire(), filters, scope);
  }

  /** The first shard, with the figures that the query needs. */
  ShardReader open(Query query) throws IOException {
    return open(0, statistics(query));
  }

  @Override
  public void close() throws IOException {
    for (LocalShard shard : shards) {
      shard.close();
    }
    merges.close();
  }
}
