package dev.heddle.shard;

import dev.heddle.catalog.CatalogClient;
import dev.heddle.catalog.DatasetRecord;
import dev.heddle.process.Channels;
import dev.heddle.process.Closer;
import dev.heddle.process.Deadline;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.Threads;
import dev.heddle.process.Ticker;
import dev.heddle.replication.GroupStatus;
import dev.heddle.replication.RaftNode;
import dev.heddle.replication.Role;
import io.grpc.BindableService;
import io.micrometer.core.instrument.MeterRegistry;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import org.apache.lucene.store.AlreadyClosedException;

/**
 * The replicas of this node. It follows the catalog: opens or makes what is placed here, fetches
 * what has to move here, deletes what was dropped. A replica that cannot be opened is unavailable
 * with its reason and is tried again; the others serve. Safe for any thread; threads that write
 * must not be interrupted.
 */
public final class ShardStore implements AutoCloseable {
  private static final Duration STALL = Duration.ofSeconds(10);
  private static final long ANY_INDEX = -1;

  private final Closer closer = new Closer();
  private final FilterCache filters;
  private final Placements placements;
  private final CatalogFollowing following;
  private final WriteDoor writes;
  private final Ticker ticker;
  private final BindableService snapshots;

  /**
   * @param node this node's name in placements, and in {@code raft}
   * @param directory for {@code datasets/}; nobody else writes there
   * @param raft running; outlives the store
   */
  public ShardStore(
      ShardStoreConfig config,
      String node,
      Path directory,
      CatalogClient catalog,
      Channels channels,
      RaftNode raft,
      Ticker ticker,
      Clock clock,
      MeterRegistry registry) {
    this(
        config,
        node,
        directory,
        catalog,
        channels,
        raft,
        ticker,
        clock,
        registry,
        ShardOpening.Disk.files());
  }

  ShardStore(
      ShardStoreConfig config,
      String node,
      Path directory,
      CatalogClient catalog,
      Channels channels,
      RaftNode raft,
      Ticker ticker,
      Clock clock,
      MeterRegistry registry,
      ShardOpening.Disk disk) {
    this.ticker = ticker;
    filters = new FilterCache(config.filterCache().bytes());
    SharedMerges merges = closer.register("merges", new SharedMerges());
    ShardFolders folders = new ShardFolders(directory);
    DiskSpace space = new DiskSpace(directory, config.keepFree(), ticker);
    var fetches = Executors.newFixedThreadPool(2, Threads.named("shard-fetch"));
    closer.register("fetches", fetches::shutdownNow);
    SnapshotsGrpcClient states = new SnapshotsGrpcClient(catalog, channels, STALL);
    placements =
        new Placements(
            node,
            new ShardOpening(config, folders, merges, disk),
            folders,
            raft,
            states::fetch,
            fetches,
            new Membership(node, catalog, config.placement().giveUpAfter()),
            new ShardNews(node, catalog, ticker),
            space,
            config,
            ticker);
    closer.register("shards", placements::closeAll);
    snapshots = new SnapshotsGrpcService(placements::hold, config.snapshots());
    writes = new WriteDoor(config, space, ticker, clock, registry);
    following = new CatalogFollowing(placements, catalog, config.reopenAfter(), ticker);
    Upkeep upkeep = new Upkeep(placements, config, space, ticker, following::wake, registry);
    placements.refreshBy(upkeep::refreshSoon);
    closer.register("upkeep", upkeep);
    closer.register("following", following);
    following.start();
    closer.register(
        "placement", new PlacementController(node, catalog, config.placement(), ticker));
    registry.gauge("heddle.shard.store.shards.open", placements, p -> p.open().count());
    registry.gauge("heddle.shard.store.documents", this, ShardStore::documents);
  }

  /** Services for the process's internal server. */
  public List<BindableService> internalServices() {
    return List.of(snapshots);
  }

  /**
   * Decides a batch, in order, and returns once a majority of the replicas has it on disk and this
   * one, the leader, has applied it. Operations that cannot be done are named in the result; they
   * do not keep the others from being done.
   *
   * @param request the same one again gets the outcome of its first time, for a minute
   * @throws HeddleException NOT_OWNER if the shard is not here; NOT_LEADER, NO_MAJORITY,
   *     STORAGE_FULL, QUEUE_FULL, TOO_LARGE if nothing was done; DEADLINE_EXCEEDED, UNAVAILABLE,
   *     STORAGE_FAILED if it is not known whether the batch counts
   */
  public WriteResult write(
      String datasetId,
      int shard,
      RequestId request,
      List<Operation> operations,
      Deadline deadline) {
    return writes.write(placements.require(datasetId, shard), request, operations, deadline);
  }

  /**
   * The document as last applied here, whether or not searches see it yet.
   *
   * @return never empty; its document may be
   */
  public ReadDocument get(String datasetId, int shard, String id) {
    ShardReplica replica = placements.require(datasetId, shard).require();
    LocalShard local = replica.local();
    try {
      LocalShard.Found found = local.find(id);
      return new ReadDocument(
          found.document(), found.index(), local.identity().incarnation(), staleness(replica));
    } catch (IOException | AlreadyClosedException e) {
      throw local.readFailed(e);
    }
  }

  private long staleness(ShardReplica replica) {
    return replica.stalenessNanos(replica.status(), ticker.nanoTime()) / 1_000;
  }

  /**
   * Completes once the replica here may answer a read: with {@link ReadLevel#ANY} at once, with
   * SESSION when it is at {@code position}, with LINEARIZABLE when it has everything that was
   * acknowledged before the call. Fails with POSITION_LOST, NO_MAJORITY, NOT_OWNER, UNAVAILABLE,
   * QUEUE_FULL. Cancel it to give up. What is read then has to be looked at, too: the replica may
   * be opened again meanwhile, and then stands where its last commit was.
   *
   * @param position to be reached; only looked at with SESSION
   * @param searched whether searches have to see it, or only {@link #get}
   * @return index that an answer must have reached; -1: any will do
   */
  public CompletableFuture<Long> ready(
      String datasetId,
      int shard,
      ReadLevel level,
      Optional<ShardPosition> position,
      boolean searched) {
    try {
      ShardReplica replica = placements.require(datasetId, shard).require();
      return switch (level) {
        case ANY -> CompletableFuture.completedFuture(ANY_INDEX);
        case SESSION ->
            position.isEmpty()
                ? CompletableFuture.completedFuture(ANY_INDEX)
                : reached(replica, checked(replica, position.get()), searched);
        case LINEARIZABLE -> confirmed(replica, searched);
      };
    } catch (HeddleException e) {
      return CompletableFuture.failedFuture(e);
    }
  }

  private static long checked(ShardReplica replica, ShardPosition position) {
    String incarnation = replica.identity().incarnation();
    if (!position.incarnation().equals(incarnation)) {
      throw new HeddleException(
          ErrorCode.POSITION_LOST,
          "position in shard %s: of incarnation %s (expected: %s; the shard was made anew)"
              .formatted(replica.identity(), position.incarnation(), incarnation));
    }
    return position.index();
  }

  /** As {@link #reached} for what was acknowledged before; a cancel reaches the wait. */
  private static CompletableFuture<Long> confirmed(ShardReplica replica, boolean searched) {
    CompletableFuture<Long> ready = new CompletableFuture<>();
    var _ =
        replica
            .group()
            .barrier()
            .whenComplete((index, failure) -> {
              if (failure != null) {
                ready.completeExceptionally(failure);
              } else {
                pass(reached(replica, index, searched), ready);
              }
            });
    return ready;
  }

  private static void pass(CompletableFuture<Long> from, CompletableFuture<Long> to) {
    var _ =
        from.whenComplete((index, failure) -> {
          if (failure == null) {
            to.complete(index);
          } else {
            to.completeExceptionally(failure);
          }
        });
    var _ =
        to.whenComplete((done, failure) -> {
          if (to.isCancelled()) {
            from.cancel(false);
          }
        });
  }

  private static CompletableFuture<Long> reached(
      ShardReplica replica, long index, boolean searched) {
    CompletableFuture<Long> reached = new CompletableFuture<>();
    CompletableFuture<Void> waiting = searched ? replica.visible(index) : replica.applied(index);
    var _ =
        waiting.whenComplete((done, failure) -> {
          if (failure == null) {
            reached.complete(index);
          } else {
            reached.completeExceptionally(failure);
          }
        });
    var _ =
        reached.whenComplete((done, failure) -> {
          if (reached.isCancelled()) {
            waiting.cancel(false);
          }
        });
    return reached;
  }

  /**
   * The shard as searches see it now, unchanged until closed.
   *
   * @throws HeddleException NOT_OWNER, UNAVAILABLE, STORAGE_FAILED
   */
  public ShardReader open(String datasetId, int shard, ReadScope scope) {
    LocalShard local = placements.require(datasetId, shard).require().local();
    try {
      return new ShardReader(local, local.acquire(), filters, scope);
    } catch (IOException | AlreadyClosedException e) {
      throw local.readFailed(e);
    }
  }

  /**
   * Documents in the order of their ids (bytes of UTF-8), as searches see them.
   *
   * @param after those behind this id; empty: from the first
   * @param limit 1..1,000; fewer come where documents are large, with {@link DocumentPage#more}
   */
  public DocumentPage scan(String datasetId, int shard, String after, int limit) {
    ShardReplica replica = placements.require(datasetId, shard).require();
    LocalShard local = replica.local();
    try {
      View view = local.acquire();
      try {
        return DocumentScan.read(
            view, after, limit, local.identity().incarnation(), staleness(replica));
      } finally {
        local.release(view);
      }
    } catch (IOException | AlreadyClosedException e) {
      throw local.readFailed(e);
    }
  }

  /**
   * Waits until this node has seen the catalog's revision, has opened its shards of the dataset,
   * which the catalog knows then, and their logs have the dataset's schema.
   *
   * @throws HeddleException DEADLINE_EXCEEDED; UNAVAILABLE if one cannot be opened
   */
  public void awaitShards(String datasetId, long revision, Deadline deadline) {
    following.await(revision, deadline);
    following.awaitUntil(() -> withSchema(datasetId), deadline);
    String unavailable = placements.unavailable(datasetId);
    if (!unavailable.isEmpty()) {
      throw new HeddleException(
          ErrorCode.UNAVAILABLE, "shards: " + unavailable + " (expected: all open)");
    }
  }

  private boolean withSchema(String datasetId) {
    boolean all = true;
    for (Slot slot : placements.all()) {
      ShardReplica replica = slot.replica();
      if (replica == null || !slot.identity().datasetId().equals(datasetId)) {
        continue;
      }
      all &= placements.known(slot);
      DatasetRecord dataset = slot.dataset();
      if (replica.local().schemaVersion() >= dataset.schemaVersion()) {
        continue;
      }
      GroupStatus status = replica.status();
      if (status.leading()) {
        placements.lead(slot, replica);
      }
      // One that joins gets everything in its time.
      all &= status.role() == Role.OUTSIDE || status.role() == Role.CLOSED;
    }
    return all;
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
      LocalShard local = placements.require(datasetId, shard).require().local();
      sum = sum.plus(statistics(local, terms, fields));
    }
    return sum;
  }

  private static ShardStatistics statistics(
      LocalShard local, Collection<TermKey> terms, boolean fields) {
    try {
      View view = local.acquire();
      try {
        return StatisticsReading.read(view.reader(), local.fields(), terms, fields);
      } finally {
        local.release(view);
      }
    } catch (IOException | AlreadyClosedException e) {
      throw local.readFailed(e);
    }
  }

  /**
   * What the replica's searches see, in short.
   *
   * @throws HeddleException NOT_OWNER, UNAVAILABLE, STORAGE_FAILED
   */
  public ReplicaSummary summary(String datasetId, int shard) {
    LocalShard local = placements.require(datasetId, shard).require().local();
    try {
      View view = local.acquire();
      try {
        return new ReplicaSummary(
            datasetId, local.identity().incarnation(), view.at().index(), local.summary(view));
      } finally {
        local.release(view);
      }
    } catch (IOException | AlreadyClosedException e) {
      throw local.readFailed(e);
    }
  }

  /** All replicas placed here, by dataset and number. */
  public List<ShardStatus> status() {
    List<ShardStatus> status = new ArrayList<>();
    placements.all().forEach(slot -> status.add(status(slot)));
    status.sort(Comparator.comparing(ShardStatus::datasetId).thenComparingInt(ShardStatus::shard));
    return status;
  }

  /** One replica. */
  public ShardStatus status(String datasetId, int shard) {
    return status(placements.require(datasetId, shard));
  }

  private ShardStatus status(Slot slot) {
    ShardIdentity identity = slot.identity();
    ShardReplica replica = slot.replica();
    if (replica == null) {
      return new ShardStatus(
          identity.datasetId(),
          identity.shard(),
          identity.incarnation(),
          slot.placement().generation(),
          Role.CLOSED,
          "",
          0,
          -1,
          -1,
          0,
          0,
          0,
          0,
          0,
          OptionalDouble.empty(),
          0,
          slot.reason());
    }
    LocalShard local = replica.local();
    GroupStatus group = replica.status();
    long staleness = replica.stalenessNanos(group, ticker.nanoTime()) / 1_000;
    String reason = local.failure() == null ? "" : String.valueOf(local.failure());
    if (reason.isEmpty() && !replica.caughtUp()) {
      reason = "catching up with its group";
    }
    long documents = 0;
    int segments = 0;
    double deleted = 0;
    long number = 0;
    try {
      View view = local.acquire();
      try {
        documents = view.reader().numDocs();
        segments = view.reader().leaves().size();
        deleted = (double) view.reader().numDeletedDocs() / Math.max(1, view.reader().maxDoc());
        number = view.number();
      } finally {
        local.release(view);
      }
    } catch (IOException | AlreadyClosedException e) {
      reason = e.toString();
    }
    double progress = replica.progress();
    return new ShardStatus(
        identity.datasetId(),
        identity.shard(),
        identity.incarnation(),
        slot.placement().generation(),
        group.role(),
        group.leader().orElse(""),
        group.term(),
        local.applied().index(),
        local.visible().index(),
        Math.max(0, group.committed() - local.applied().index()),
        documents,
        segments,
        deleted,
        staleness,
        progress < 0 ? OptionalDouble.empty() : OptionalDouble.of(progress),
        number,
        reason);
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
