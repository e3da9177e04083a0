package dev.heddle.shard;

import dev.heddle.catalog.CatalogClient;
import dev.heddle.process.Closer;
import dev.heddle.process.Deadline;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.Ticker;
import io.micrometer.core.instrument.MeterRegistry;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import org.apache.lucene.index.DirectoryReader;
import org.apache.lucene.store.AlreadyClosedException;
import org.jspecify.annotations.Nullable;

/**
 * The shards of this node. It follows the catalog: opens or makes what is placed here, deletes what
 * was dropped. A shard that cannot be opened is unavailable with its reason and is tried again; the
 * others serve. Safe for any thread; threads that write must not be interrupted.
 */
public final class ShardStore implements AutoCloseable {
  private final Closer closer = new Closer();
  private final FilterCache filters;
  private final Placements placements;
  private final CatalogFollowing following;
  private final WriteDoor writes;

  /**
   * @param node this node's name in placements
   * @param directory for {@code datasets/}; nobody else writes there
   */
  public ShardStore(
      ShardStoreConfig config,
      String node,
      Path directory,
      CatalogClient catalog,
      Ticker ticker,
      MeterRegistry registry) {
    this(config, node, directory, catalog, ticker, registry, ShardOpening.Disk.files());
  }

  ShardStore(
      ShardStoreConfig config,
      String node,
      Path directory,
      CatalogClient catalog,
      Ticker ticker,
      MeterRegistry registry,
      ShardOpening.Disk disk) {
    filters = new FilterCache(config.filterCache().bytes());
    SharedMerges merges = closer.register("merges", new SharedMerges());
    ShardFolders folders = new ShardFolders(directory);
    placements =
        new Placements(
            node, new ShardOpening(config, folders, merges, disk), folders, config, ticker);
    closer.register("shards", placements::closeAll);
    StoreSignals signals = new StoreSignals();
    GroupCommit commits =
        closer.register("commits", new GroupCommit(signals::committed, signals::failed, registry));
    Upkeep upkeep = closer.register("upkeep", new Upkeep(placements, commits, config, ticker));
    writes = new WriteDoor(config, commits, upkeep, ticker, registry);
    following =
        closer.register(
            "following", new CatalogFollowing(placements, catalog, config.reopenAfter(), ticker));
    signals.connect(upkeep, following);
    registry.gauge("heddle.shard.store.shards.open", placements, p -> p.open().count());
    registry.gauge("heddle.shard.store.documents", this, ShardStore::documents);
  }

  /**
   * Applies a batch, in order, and returns once it is on disk. Operations that cannot be done are
   * named in the result; they do not keep the others from being done.
   *
   * @throws HeddleException NOT_OWNER if the shard is not here in this generation; QUEUE_FULL if
   *     too much waits for the disk, and nothing was done; DEADLINE_EXCEEDED and STORAGE_FAILED if
   *     it is not known whether the batch is durable; UNAVAILABLE, TOO_LARGE
   */
  public WriteResult write(
      String datasetId, int shard, long generation, List<Operation> operations, Deadline deadline) {
    return writes.write(placements.require(datasetId, shard, generation), operations, deadline);
  }

  /** The document's JSON as last written, whether or not searches see it yet. */
  public Optional<byte[]> get(String datasetId, int shard, long generation, String id) {
    LocalShard local = placements.require(datasetId, shard, generation);
    try {
      return local.get(id);
    } catch (IOException | AlreadyClosedException e) {
      throw local.storageFailed(e);
    }
  }

  /**
   * The shard as searches see it now, unchanged until closed.
   *
   * @throws HeddleException NOT_OWNER, UNAVAILABLE, STORAGE_FAILED
   */
  public ShardReader open(String datasetId, int shard, long generation, ReadScope scope) {
    LocalShard local = placements.require(datasetId, shard, generation);
    try {
      return new ShardReader(local, local.acquire(), filters, scope);
    } catch (IOException | AlreadyClosedException e) {
      throw local.storageFailed(e);
    }
  }

  /**
   * Waits until this node has seen the catalog's revision and opened its shards of the dataset.
   *
   * @throws HeddleException DEADLINE_EXCEEDED; UNAVAILABLE if one cannot be opened
   */
  public void awaitShards(String datasetId, long revision, Deadline deadline) {
    following.await(revision, deadline);
    String unavailable = placements.unavailable(datasetId);
    if (!unavailable.isEmpty()) {
      throw new HeddleException(
          ErrorCode.UNAVAILABLE, "shards: " + unavailable + " (expected: all open)");
    }
  }

  /**
   * What the shards know of the terms, and of all text fields, summed.
   *
   * @param fields whether the fields' figures are wanted
   */
  public ShardStatistics statistics(
      String datasetId, List<Integer> shards, Collection<TermKey> terms, boolean fields) {
    ShardStatistics sum = ShardStatistics.NONE;
    for (int shard : shards) {
      LocalShard local = placements.require(datasetId, shard);
      sum = sum.plus(statistics(local, terms, fields));
    }
    return sum;
  }

  private static ShardStatistics statistics(
      LocalShard local, Collection<TermKey> terms, boolean fields) {
    try {
      DirectoryReader reader = local.acquire();
      try {
        return StatisticsReading.read(reader, local.fields(), terms, fields);
      } finally {
        local.release(reader);
      }
    } catch (IOException | AlreadyClosedException e) {
      throw local.storageFailed(e);
    }
  }

  /** All shards placed here, by dataset and number. */
  public List<ShardStatus> status() {
    List<ShardStatus> status = new ArrayList<>();
    placements.all().forEach(slot -> status.add(status(slot)));
    status.sort(Comparator.comparing(ShardStatus::datasetId).thenComparingInt(ShardStatus::shard));
    return status;
  }

  private static ShardStatus status(Slot slot) {
    ShardIdentity identity = slot.identity();
    LocalShard shard = slot.shard();
    String reason = shard == null ? slot.reason() : orEmpty(shard.failure());
    long index = shard == null ? 0 : shard.index();
    long documents = 0;
    long view = 0;
    if (shard != null && reason.isEmpty()) {
      try {
        DirectoryReader reader = shard.acquire();
        try {
          documents = reader.numDocs();
          view = shard.view(reader);
        } finally {
          shard.release(reader);
        }
      } catch (IOException | AlreadyClosedException e) {
        reason = e.toString();
      }
    }
    return new ShardStatus(
        identity.datasetId(), identity.shard(), slot.generation(), index, documents, view, reason);
  }

  private static String orEmpty(@Nullable String text) {
    return text == null ? "" : text;
  }

  private double documents() {
    return status().stream().mapToLong(ShardStatus::documents).sum();
  }

  /** Makes everything durable and lets go of the files. */
  @Override
  public void close() {
    closer.close();
  }
}
