package dev.heddle.shard;

import dev.heddle.catalog.Schema;
import dev.heddle.catalog.Slots;
import dev.heddle.function.Query;
import dev.heddle.process.DataSize;
import dev.heddle.replication.LogPosition;
import dev.heddle.shard.PendingChanges.Batch;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicLong;

/** Some shards of one dataset, without a store around them; their entries come from no log. */
final class LocalShards implements AutoCloseable {
  static final String INCARNATION = "9a1f7f44-63a1-4bb1-8a83-0d6c3e1c7f01";
  static final long TERM = 3;
  private static final long NOW_MILLIS = 1_000_000;

  private final SharedMerges merges = new SharedMerges();
  private final List<LocalShard> shards = new ArrayList<>();
  private final FilterCache filters = new FilterCache(DataSize.ofMiB(8).bytes());
  private final UUID client = UUID.randomUUID();
  private final AtomicLong calls = new AtomicLong();

  LocalShards(Path directory, Schema schema, int count) throws IOException {
    this(directory, schema, count, ShardOpening.Disk.files());
  }

  LocalShards(Path directory, Schema schema, int count, ShardOpening.Disk disk) throws IOException {
    ShardOpening opening = opening(directory, merges, disk);
    for (int shard = 0; shard < count; shard++) {
      shards.add(opening.open(identity(count, shard, INCARNATION), schema, false));
    }
  }

  static ShardOpening opening(Path directory, SharedMerges merges, ShardOpening.Disk disk) {
    return new ShardOpening(ShardStoreConfig.defaults(), new ShardFolders(directory), merges, disk);
  }

  static ShardIdentity identity(int count, int shard, String incarnation) {
    return new ShardIdentity("default", "things", "d-" + count, shard, incarnation);
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
    List<OperationError> errors = write(shard, List.of(operation)).errors();
    return errors.isEmpty() ? "" : errors.getFirst().code() + " " + errors.getFirst().message();
  }

  /** Decides and applies a batch, as the next entry. */
  WriteResult write(LocalShard shard, List<Operation> operations) {
    return write(shard, new RequestId(client, calls.incrementAndGet()), operations);
  }

  static WriteResult write(LocalShard shard, RequestId request, List<Operation> operations) {
    shard.requireSound();
    Decision decision = Decision.prepare(shard, operations);
    if (decision.hopeless()) {
      return new WriteResult(shard.applied().index(), INCARNATION, List.of(), decision.errors());
    }
    try {
      Batch batch = decision.decide(request, NOW_MILLIS, shard::get);
      LogPosition at = next(shard);
      shard.apply(at, batch.entry(), batch.ready());
      return batch.entry().result(at.index(), INCARNATION);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Where the next entry stands; the first one of a log is the log's own. */
  static LogPosition next(LocalShard shard) {
    return new LogPosition(TERM, Math.max(1, shard.applied().index() + 1));
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
      View view = shard.acquire();
      sum = sum.plus(StatisticsReading.read(view.reader(), shard.fields(), terms, true));
      shard.release(view);
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

  /** As after a crash: what was not committed is lost. */
  void abandon() throws IOException {
    for (LocalShard shard : shards) {
      shard.abandon();
    }
    merges.close();
  }

  @Override
  public void close() throws IOException {
    for (LocalShard shard : shards) {
      shard.close();
    }
    merges.close();
  }
}
