package dev.heddle.shard;

import dev.heddle.catalog.Schema;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.replication.GroupStatus;
import dev.heddle.replication.LogPosition;
import dev.heddle.replication.Proposal;
import dev.heddle.replication.Replica;
import dev.heddle.replication.ReplicatedGroup;
import dev.heddle.shard.PendingChanges.Batch;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.DoubleConsumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One replica of a shard: its index and its part in the shard's group. The group's log is the
 * index's write-ahead log. Safe for any thread.
 */
final class ShardReplica implements Replica {
  private static final Logger log = LoggerFactory.getLogger(ShardReplica.class);
  private static final int MOST_WAITERS = 10_000;

  /** A fetch that failed is tried again no sooner. */
  private static final Duration FETCH_PAUSE = Duration.ofSeconds(1);

  /** Opens the index in the shard's folder as it is now. */
  interface Opening {
    LocalShard open() throws IOException;
  }

  /** Fetches the state of another node's replica into a folder. */
  interface Fetching {
    LogPosition fetch(String leader, UUID group, Path into, DoubleConsumer at)
        throws IOException, InterruptedException;
  }

  private final ShardIdentity identity;
  private final Path folder;
  private final Opening opening;
  private final Fetching fetching;
  private final ExecutorService fetches;
  private final PendingChanges pending = new PendingChanges();
  private final Waiters visible = new Waiters(MOST_WAITERS);
  private final Waiters applied = new Waiters(MOST_WAITERS);

  /** Told when someone waits for what is applied, but not visible yet. */
  private final Consumer<ShardReplica> refresh;

  /** Names this node's own entries. */
  private final UUID self = UUID.randomUUID();

  private final AtomicLong calls = new AtomicLong();

  /** Held while it is decided what requests come to: in the order of the log. */
  private final ReentrantLock deciding = new ReentrantLock();

  /** Requests on their way, by their names. */
  private final Map<RequestId, CompletableFuture<WriteResult>> inFlight = new ConcurrentHashMap<>();

  /** How current the replica is known to be. */
  private final Currency currency = new Currency();

  /** Held while a state is fetched. */
  private final ReentrantLock fetchingNow = new ReentrantLock();

  /** The last fetch that was asked for. */
  private final AtomicReference<@Nullable Future<?>> lastFetch = new AtomicReference<>();

  private volatile boolean closing;
  private volatile @Nullable LocalShard local;
  private volatile @Nullable ReplicatedGroup group;
  private volatile double progress = -1;

  ShardReplica(
      ShardIdentity identity,
      Path folder,
      Opening opening,
      Fetching fetching,
      ExecutorService fetches,
      Consumer<ShardReplica> refresh) {
    this.identity = identity;
    this.folder = folder;
    this.opening = opening;
    this.fetching = fetching;
    this.fetches = fetches;
    this.refresh = refresh;
  }

  ShardIdentity identity() {
    return identity;
  }

  PendingChanges pending() {
    return pending;
  }

  ReentrantLock deciding() {
    return deciding;
  }

  Map<RequestId, CompletableFuture<WriteResult>> inFlight() {
    return inFlight;
  }

  /**
   * Notes how current searches are; call now and then.
   *
   * @param now by the ticker
   */
  void observe(GroupStatus status, long now) {
    if (progress < 0) {
      currency.observe(status, group(), local().visible().index(), now);
    }
  }

  /**
   * Whether it has come up to its group since it was opened: before, it may lack much of what its
   * own log has, as nobody has told it yet how much of that counts.
   */
  boolean caughtUp() {
    return progress < 0 && currency.caughtUp();
  }

  /** How old what searches see may be, in nanoseconds; 0: nothing newer can be anywhere. */
  long stalenessNanos(GroupStatus status, long now) {
    observe(status, now);
    return currency.stalenessNanos(now);
  }

  LocalShard local() {
    return Objects.requireNonNull(local, "local");
  }

  ReplicatedGroup group() {
    return Objects.requireNonNull(group, "group");
  }

  /** Call once the group is there: before, nothing is proposed. */
  void in(ReplicatedGroup opened) {
    group = opened;
  }

  GroupStatus status() {
    return group().status();
  }

  /** 0..1 of a state that is being fetched; negative: none is. */
  double progress() {
    return progress;
  }

  @Override
  public LogPosition open() throws IOException {
    IncomingSnapshot.finish(folder);
    LocalShard opened = opening.open();
    local = opened;
    return opened.applied();
  }

  @Override
  public void proposed(Proposal proposal, LogPosition at) {
    if (proposal.context() instanceof Batch batch) {
      if (at.term() != pending.term()) {
        throw new HeddleException(
            ErrorCode.NO_MAJORITY,
            "term of shard %s: %d (expected: %d, in which it was decided)"
                .formatted(identity, at.term(), pending.term()));
      }
      // Before it is in the log: once it is, it may be applied at any moment.
      pending.add(batch, at.index());
    } else if (proposal.context() instanceof ShardEntry.SchemaChange change) {
      pending.addSchema(change.version(), at);
    }
  }

  @Override
  public @Nullable Object apply(LogPosition at, byte[] data, @Nullable Object context)
      throws IOException {
    LocalShard shard = local();
    if (context instanceof Batch batch) {
      shard.apply(at, batch.entry(), batch.ready());
      pending.remove(batch);
    } else {
      shard.apply(at, ShardEntryWire.decode(data), null);
    }
    passed(at);
    return null;
  }

  @Override
  public void advanced(LogPosition at) {
    local().advance(at);
    passed(at);
  }

  private void passed(LogPosition at) {
    applied.reached(at.index());
    if (visible.any(at.index())) {
      refresh.accept(this);
    }
  }

  @Override
  public LogPosition durable() {
    LocalShard shard = local;
    return shard == null ? LogPosition.NONE : shard.committed();
  }

  /** Call after a refresh. */
  void refreshed() {
    visible.reached(local().visible().index());
  }

  /** Completes once searches see everything up to the index. */
  CompletableFuture<Void> visible(long index) {
    if (local().visible().index() >= index) {
      return CompletableFuture.completedFuture(null);
    }
    CompletableFuture<Void> waiter = visible.await(index);
    // It may have come meanwhile, and then nobody else would say so.
    if (local().visible().index() >= index) {
      visible.reached(local().visible().index());
    } else if (local().applied().index() >= index) {
      refresh.accept(this);
    }
    return forgetful(visible, index, waiter);
  }

  /** Completes once everything up to the index is applied. */
  CompletableFuture<Void> applied(long index) {
    if (local().applied().index() >= index) {
      return CompletableFuture.completedFuture(null);
    }
    CompletableFuture<Void> waiter = applied.await(index);
    if (local().applied().index() >= index) {
      applied.reached(local().applied().index());
    }
    return forgetful(applied, index, waiter);
  }

  private static CompletableFuture<Void> forgetful(
      Waiters waiters, long index, CompletableFuture<Void> waiter) {
    var _ =
        waiter.whenComplete((done, failure) -> {
          if (waiter.isCancelled()) {
            waiters.forget(index, waiter);
          }
        });
    return waiter;
  }

  /** Puts a schema into the log, on the leader. */
  CompletableFuture<Void> propose(long version, Schema schema) {
    ShardEntry entry = new ShardEntry.SchemaChange(version, schema);
    // Not while it is decided by the schema before what comes next.
    deciding.lock();
    try {
      return group()
          .propose(new Proposal(self, calls.incrementAndGet(), ShardEntryWire.encode(entry), entry))
          .thenApply(written -> null);
    } finally {
      deciding.unlock();
    }
  }

  /** Completes once the schema that was put into the log last is applied. */
  CompletableFuture<Void> schemaApplied() {
    return applied(pending.schemaIndex());
  }

  /** Puts what a batch came to into the log, on the leader. */
  Proposal proposal(Batch batch) {
    return new Proposal(self, calls.incrementAndGet(), ShardEntryWire.encode(batch.entry()), batch);
  }

  @Override
  public CompletableFuture<LogPosition> fetch(String leader, LogPosition first) {
    CompletableFuture<LogPosition> fetched = new CompletableFuture<>();
    var _ =
        fetchNow(leader)
            .whenComplete((at, failure) -> {
              if (failure == null) {
                fetched.complete(at);
              } else {
                CompletableFuture.delayedExecutor(FETCH_PAUSE.toNanos(), TimeUnit.NANOSECONDS)
                    .execute(() -> fetched.completeExceptionally(failure));
              }
            });
    return fetched;
  }

  private CompletableFuture<LogPosition> fetchNow(String leader) {
    CompletableFuture<LogPosition> fetched = new CompletableFuture<>();
    FutureTask<?> fetch =
        new FutureTask<@Nullable Void>(() -> fetchTo(fetched, leader), null) {
          @Override
          protected void done() {
            if (isCancelled()) {
              fetched.completeExceptionally(gone());
            }
          }
        };
    cancel(lastFetch.getAndSet(fetch));
    try {
      fetches.execute(fetch);
    } catch (RejectedExecutionException e) {
      fetched.completeExceptionally(e);
    }
    return fetched;
  }

  /** One at a time: all of them write to the same folder. */
  private void fetchTo(CompletableFuture<LogPosition> fetched, String leader) {
    fetchingNow.lock();
    try {
      if (closing) {
        throw gone();
      }
      progress = 0;
      currency.forget();
      log.info("replica fetches a state shard={} from={}", identity, leader);
      LogPosition at =
          fetching.fetch(
              leader,
              UUID.fromString(identity.incarnation()),
              IncomingSnapshot.incoming(folder),
              part -> progress = part);
      log.info("replica has fetched a state shard={} index={}", identity, at.index());
      fetched.complete(at);
    } catch (IOException | RuntimeException e) {
      log.warn("replica could not fetch a state shard={}", identity, e);
      fetched.completeExceptionally(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      fetched.completeExceptionally(e);
    } finally {
      progress = -1;
      fetchingNow.unlock();
    }
  }

  /** On return nothing writes to the shard's folder any more, nor will. */
  private void endFetches() {
    closing = true;
    cancel(lastFetch.get());
    // It may still write its last words.
    fetchingNow.lock();
    try {
      log.debug("no fetch goes on shard={}", identity);
    } finally {
      fetchingNow.unlock();
    }
  }

  private static void cancel(@Nullable Future<?> fetch) {
    if (fetch != null) {
      fetch.cancel(true);
    }
  }

  @Override
  public LogPosition installed() throws IOException {
    LocalShard old = local();
    old.abandon();
    IncomingSnapshot.finish(folder);
    LocalShard opened = opening.open();
    local = opened;
    passed(opened.applied());
    refreshed();
    return opened.applied();
  }

  @Override
  public void close() {
    // The index stays open for reads until the store lets go of it.
  }

  /** Lets go of the index of a replica that never came to have a group. */
  void abandon() throws IOException {
    LocalShard shard = local;
    if (shard != null && !shard.closed()) {
      shard.abandon();
    }
  }

  /** Lets go of the group and the index, in good order. */
  void shutdown() throws IOException {
    endFetches();
    ReplicatedGroup open = group;
    if (open != null) {
      open.close();
    }
    HeddleException gone = gone();
    visible.fail(gone);
    applied.fail(gone);
    LocalShard shard = local;
    if (shard != null) {
      shard.close();
    }
  }

  private HeddleException gone() {
    return new HeddleException(
        ErrorCode.UNAVAILABLE, "shard %s: closed (expected: open)".formatted(identity));
  }
}
