package dev.heddle.catalog;

import dev.heddle.catalog.CatalogMembersGrpcClient.Joined;
import dev.heddle.catalog.CatalogState.RawChange;
import dev.heddle.catalog.CatalogState.Stored;
import dev.heddle.catalog.Command.Grant;
import dev.heddle.catalog.Command.Lease;
import dev.heddle.catalog.Command.Limits;
import dev.heddle.process.Channels;
import dev.heddle.process.Closer;
import dev.heddle.process.DurationFormat;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.Threads;
import dev.heddle.process.Ticker;
import dev.heddle.replication.GroupStatus;
import dev.heddle.replication.Member;
import dev.heddle.replication.RaftNode;
import dev.heddle.replication.ReplicatedGroup;
import dev.heddle.replication.Role;
import io.grpc.BindableService;
import java.io.InputStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The catalog on one node: versioned entries, compare-and-set, watches, leases, behind a replicated
 * log. The leader writes; every voter serves watches from what it has applied; other nodes wait to
 * be made voters. A change is on a majority's disks before anyone sees it. A new leader gives every
 * lease its full time again, so that nodes can find it before they are given up. Safe for any
 * thread.
 */
public final class CatalogServer implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(CatalogServer.class);
  private static final Duration CLOSE_GRACE = Duration.ofSeconds(2);

  /** Rounds later than this say that the process stood still: nobody could renew a lease. */
  private static final Duration STANDSTILL = Duration.ofSeconds(2);

  /** Whether the server takes no part yet, does, or does no longer. */
  private enum Life {
    NEW,
    RUNNING,
    CLOSED
  }

  private final CatalogConfig config;
  private final String node;
  private final Ticker ticker;
  private final CatalogMember member;
  private final CatalogWatches watches;
  private final Proposals proposals;
  private final Leases leases;
  private final Voters voters;
  private final Admission admission;
  private final CatalogGrpcService service;
  private final ScheduledExecutorService rounds =
      Executors.newScheduledThreadPool(3, Threads.named("catalog-rounds"));
  private final AtomicReference<Life> life = new AtomicReference<>(Life.NEW);
  private final Closer closer = new Closer();

  private final AtomicBoolean lookDue = new AtomicBoolean();
  private long lastExpiry;

  /**
   * Opens the directory.
   *
   * @param node its name in the cluster
   * @param directory of the catalog's own
   * @param raft runs before {@link #start}, and outlives this
   * @param bootstrap whether an empty directory begins a new cluster; for one node of a cluster
   * @param seeds host:port of the internal services of members to ask, where the directory is empty
   * @param channels to other nodes; outlive this
   * @throws HeddleException CONFLICT if another process has the directory, STORAGE_FAILED if it
   *     holds something else, such as a catalog of the earlier single-file form
   */
  public CatalogServer(
      CatalogConfig config,
      String node,
      Path directory,
      RaftNode raft,
      boolean bootstrap,
      List<String> seeds,
      Channels channels,
      Ticker ticker) {
    if (!raft.name().equals(node)) {
      throw new IllegalArgumentException(
          "node: " + node + " (expected: " + raft.name() + ", as its replication is named)");
    }
    this.config = config;
    this.node = node;
    this.ticker = ticker;
    CatalogHome home = closer.register("directory", CatalogHome.open(directory));
    CatalogMembersGrpcClient others =
        new CatalogMembersGrpcClient(channels, config.replication().callTimeout());
    this.proposals = new Proposals(config.replication(), node);
    this.leases = new Leases(ticker);
    this.member =
        new CatalogMember(
            config.replication(),
            node,
            home,
            raft,
            bootstrap,
            seeds,
            others,
            ticker,
            new Following());
    closer.register("member", member);
    this.watches = closer.register("watches", new CatalogWatches(config));
    this.admission = new Admission(config.replication(), node, member, others);
    this.voters = new Voters(config.replication(), raft, member, others, ticker);
    closer.register("rounds", Threads.closing(rounds, CLOSE_GRACE));
    this.service = new CatalogGrpcService(this);
  }

  /**
   * Takes part: comes back to the group whose files are here, begins one, or starts to look for
   * one. Does not wait for a leader; a node that is told to bootstrap asks its seeds first, once,
   * whether there is a cluster already: its directory may have been lost.
   *
   * @throws HeddleException STORAGE_FAILED if what is here cannot be read, INVALID_REQUEST if the
   *     directory is empty and there is neither a seed to ask nor the order to bootstrap
   */
  public void start() {
    if (!life.compareAndSet(Life.NEW, Life.RUNNING)) {
      throw new IllegalStateException("catalog server: " + life + " (expected: a new one)");
    }
    member.start();
    lastExpiry = ticker.nanoTime();
    every(config.expiryInterval(), "leases", this::expireOrRefresh);
    every(config.replication().checkInterval(), "member", member::look);
    every(config.replication().checkInterval(), "voters", voters::look);
    soon();
  }

  /** The door for nodes: belongs on an internal server only. */
  public BindableService service() {
    if (life.get() == Life.NEW) {
      throw new IllegalStateException("catalog server: not started (expected: start() first)");
    }
    return service;
  }

  /** The cluster that this node belongs to; empty: it still asks for one. */
  public Optional<String> clusterId() {
    return member.cluster().map(UUID::toString);
  }

  /** The revision that was applied here; 0: none yet. */
  public long revision() {
    return member.state().map(CatalogState::revision).orElse(0L);
  }

  /** Whether this node has something to show: it is a voter that follows a leader, or leads. */
  public boolean ready() {
    return member.serving();
  }

  /** Who replicates the catalog, as this member sees it. */
  public CatalogMembers members() {
    // Who asks whether this node may be made a voter must not be told too early.
    Optional<String> cluster = member.group().isPresent() ? clusterId() : Optional.empty();
    Optional<CatalogMembers> elsewhere = member.elsewhere();
    if (elsewhere.isPresent()) {
      CatalogMembers told = elsewhere.get();
      return new CatalogMembers(
          cluster, told.voters(), told.leader(), told.leaderAddress(), told.term(), 0);
    }
    GroupStatus status = member.status();
    // A leader that is not ready yet does not lead for anyone.
    Optional<String> leader =
        status.role() == Role.LEADER && !status.leading() ? Optional.empty() : status.leader();
    return new CatalogMembers(
        cluster,
        status.members().stream().map(Member::node).sorted().toList(),
        leader,
        leader.flatMap(this::addressOf),
        status.term(),
        Math.max(0, status.applied()));
  }

  /** host:port of the internal services of the leader; empty: not known, or this node leads. */
  Optional<String> leaderAddress() {
    CatalogMembers members = members();
    return members.leader().equals(Optional.of(node)) ? Optional.empty() : members.leaderAddress();
  }

  private Optional<String> addressOf(String name) {
    return member.state().flatMap(state -> state.node(name)).map(NodeRecord::internal);
  }

  /**
   * Ends the leases whose time is over, on the leader; the server calls it itself at every expiry
   * interval.
   *
   * @return how many have ended
   */
  public int expire() {
    GroupStatus status = member.status();
    Optional<CatalogState> state = member.state();
    if (!status.leading() || state.isEmpty()) {
      return 0;
    }
    leases.follow(status.term(), state.get());
    List<Lease> over = leases.over(state.get());
    if (over.isEmpty()) {
      return 0;
    }
    List<String> names = over.stream().map(Lease::node).toList();
    try {
      int ended = propose(new Command.End(over)).changed();
      log.warn("nodes lost: leases over nodes={} ended={}", names, ended);
      return ended;
    } catch (HeddleException e) {
      log.warn("leases over, but not ended: trying again later nodes={}", names, e);
      return 0;
    } finally {
      leases.tried(over);
    }
  }

  private void expireOrRefresh() {
    long late = ticker.nanoTime() - lastExpiry - config.expiryInterval().toNanos();
    if (late > STANDSTILL.toNanos()) {
      member.state().ifPresent(leases::refresh);
    }
    expire();
    lastExpiry = ticker.nanoTime();
  }

  /** Tells all watches that they end, stops taking part, and gives up the directory. */
  @Override
  public void close() {
    if (life.getAndSet(Life.CLOSED) != Life.CLOSED) {
      rounds.shutdownNow();
      closer.close();
    }
  }

  /** Applies all changes or none; for writers that do not try again. */
  long write(List<RawChange> changes) {
    return write(new Command.Write(Optional.empty(), changes, limits()));
  }

  /**
   * Applies all changes or none.
   *
   * @throws HeddleException REVISION_CONFLICT, INVALID_REQUEST, TOO_LARGE, LIMIT_REACHED,
   *     NOT_LEADER, NO_MAJORITY; UNAVAILABLE: not known whether it will apply
   */
  long write(Command.Write write) {
    CatalogState.check(write.changes(), config);
    return propose(write).revision();
  }

  /** The limits of this node, for commands that it writes as the leader. */
  Limits limits() {
    return new Limits(config.maxEntries(), config.maxTotal().bytes());
  }

  /**
   * Grants or renews a lease. A renewal that changes nothing is kept in memory only.
   *
   * @throws HeddleException GONE if a newer incarnation of the node has come since, NOT_LEADER
   */
  long renew(NodeRecord record, String value, Duration ttl) {
    if (ttl.compareTo(config.minTtl()) < 0 || ttl.compareTo(config.maxTtl()) > 0) {
      throw new HeddleException(
          ErrorCode.OUT_OF_RANGE,
          "ttl: "
              + DurationFormat.format(ttl)
              + " (expected: "
              + DurationFormat.format(config.minTtl())
              + ".."
              + DurationFormat.format(config.maxTtl())
              + ")");
    }
    CatalogState.checkValue(record.key(), value, config);
    Grant grant = new Grant(record.node(), record.incarnation(), value, ttl.toMillis(), limits());
    GroupStatus status = member.status();
    Optional<CatalogState> state = member.state();
    if (status.leading() && state.isPresent()) {
      leases.follow(status.term(), state.get());
      Stored held = state.get().entries().get(grant.key());
      if (held != null
          && held.entry().value().equals(value)
          && held.lease().equals(Optional.of(state.get().granted(grant)))
          && leases.renew(grant.key(), ttl)) {
        return state.get().revision();
      }
    }
    long revision = propose(grant).revision();
    leases.granted(grant.key(), ttl);
    return revision;
  }

  /** Ends a lease; nothing happens if it is not held so. */
  void endLease(Lease lease) {
    CatalogKeys.checkName("node", lease.node());
    Outcome.Done _ = propose(new Command.End(List.of(lease)));
  }

  private Outcome.Done propose(Command command) {
    return proposals.write(running(), command);
  }

  private ReplicatedGroup running() {
    if (life.get() != Life.RUNNING) {
      throw closed();
    }
    Optional<ReplicatedGroup> group = member.group();
    if (group.isEmpty() || group.get().status().role() == Role.OUTSIDE) {
      throw new HeddleException(
          ErrorCode.NOT_LEADER, "catalog on " + node + ": not a voter (expected: the leader)");
    }
    return group.get();
  }

  /**
   * A new watch, to be polled whenever {@code signal} is run.
   *
   * @param clusterId that the watcher has seen; empty: none
   * @param revision that it has seen
   * @throws HeddleException LIMIT_REACHED; CONFLICT: it has seen another cluster; STALE_REPLICA: it
   *     has seen more; NOT_LEADER or NO_MAJORITY: this node has nothing to show
   */
  CatalogWatch watch(Runnable signal, String clusterId, long revision) {
    ReplicatedGroup group = running();
    if (!member.serving()) {
      throw new HeddleException(
          ErrorCode.NO_MAJORITY,
          "catalog on " + node + ": out of touch with a leader (expected: in touch)");
    }
    CatalogState state = member.state().orElseThrow(CatalogServer::closed);
    if (!clusterId.isEmpty() && !clusterId.equals(group.id().toString())) {
      throw new HeddleException(
          ErrorCode.CONFLICT, "cluster: " + clusterId + " (expected: " + group.id() + ")");
    }
    if (state.revision() < revision) {
      throw new HeddleException(
          ErrorCode.STALE_REPLICA,
          "catalog revision: " + state.revision() + " (expected: >= " + revision + ")");
    }
    CatalogWatch watch = watches.add(() -> member.state().orElse(state), signal);
    if (!member.serving()) {
      // It may have come after the others were told to end.
      watch.close();
    }
    return watch;
  }

  /** Ends the watches of now. */
  void endWatches() {
    watches.endAll();
  }

  /**
   * Which cluster this is, for a node that wants to join it or has come back.
   *
   * @param empty whether it has no log
   * @throws HeddleException UNAVAILABLE if this one does not know it either
   */
  Joined join(String other, boolean empty) {
    UUID cluster =
        member
            .cluster()
            .orElseThrow(() ->
                new HeddleException(
                    ErrorCode.UNAVAILABLE,
                    "cluster of " + node + ": none yet (expected: a node that has joined one)"));
    return admission.of(cluster, other, empty);
  }

  /**
   * The file with the state, for another member.
   *
   * @throws HeddleException CONFLICT if it is of another cluster, NOT_FOUND if there is none yet
   */
  InputStream stored(String clusterId) {
    String own = clusterId().orElse("none");
    if (!own.equals(clusterId)) {
      throw new HeddleException(
          ErrorCode.CONFLICT, "cluster: " + clusterId + " (expected: " + own + ")");
    }
    return member.stored();
  }

  private void every(Duration interval, String what, Runnable round) {
    Future<?> _ =
        rounds.scheduleWithFixedDelay(
            () -> guarded(what, round),
            interval.toNanos(),
            interval.toNanos(),
            TimeUnit.NANOSECONDS);
  }

  /** A round that throws would be the last one. */
  private void guarded(String what, Runnable round) {
    try {
      round.run();
    } catch (RuntimeException e) {
      if (life.get() == Life.RUNNING) {
        log.error("catalog round failed: trying again later round={}", what, e);
      }
    }
  }

  /** Looks after the member now rather than at the next round. */
  private void soon() {
    if (!lookDue.compareAndSet(false, true)) {
      return;
    }
    try {
      rounds.execute(() -> {
        lookDue.set(false);
        guarded("member", member::look);
      });
    } catch (RejectedExecutionException e) {
      log.debug("not looked at: closed");
    }
  }

  private static HeddleException closed() {
    return new HeddleException(
        ErrorCode.UNAVAILABLE, "catalog: closed (expected: a running server)");
  }

  /** Runs on the thread that applies. */
  private final class Following implements CatalogReplica.Listener {
    @Override
    public void stepped(Step step) {
      watches.offer(step.update());
    }

    @Override
    public void replaced() {
      if (member.serving()) {
        watches.restart();
      } else {
        watches.endAll();
      }
    }

    @Override
    public void changed() {
      soon();
    }
  }
}
