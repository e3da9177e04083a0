package dev.heddle.shard;

import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.HostPort;
import dev.heddle.replication.GroupStatus;
import dev.heddle.replication.LogPosition;
import dev.heddle.replication.Member;
import dev.heddle.replication.Proposal;
import dev.heddle.replication.ReplicatedGroup;
import dev.heddle.replication.Role;
import dev.heddle.replication.Written;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** The log of a shard that one node leads, applied when a test says so. */
final class LocalGroup implements ReplicatedGroup {
  private record Entry(LogPosition at, Proposal proposal, CompletableFuture<Written> written) {}

  private final ShardReplica replica;
  private final Deque<Entry> waiting = new ArrayDeque<>();
  private boolean leading = true;
  private long term = 1;
  private long last;
  private @Nullable Runnable beforeAppend;

  LocalGroup(ShardReplica replica) {
    this.replica = replica;
  }

  @Override
  public UUID id() {
    return UUID.fromString(LocalShards.INCARNATION);
  }

  @Override
  public synchronized GroupStatus status() {
    return new GroupStatus(
        leading ? Role.LEADER : Role.FOLLOWER,
        leading,
        leading ? Optional.of("self") : Optional.empty(),
        term,
        replica.local().applied().index(),
        replica.local().applied().index(),
        last,
        Duration.ZERO,
        List.of(new Member("self", new HostPort("127.0.0.1", 1))),
        "");
  }

  @Override
  public synchronized CompletableFuture<Written> propose(Proposal proposal) {
    if (beforeAppend != null) {
      beforeAppend.run();
      beforeAppend = null;
    }
    if (!leading) {
      return CompletableFuture.failedFuture(
          new HeddleException(ErrorCode.NO_MAJORITY, "leader: none"));
    }
    LogPosition at = new LogPosition(term, last + 1);
    try {
      replica.proposed(proposal, at);
    } catch (HeddleException e) {
      return CompletableFuture.failedFuture(e);
    }
    last++;
    Entry entry = new Entry(at, proposal, new CompletableFuture<>());
    waiting.add(entry);
    return entry.written();
  }

  /** Has {@code action} run by the next proposal, before it is in the log. */
  synchronized void beforeNextAppend(Runnable action) {
    beforeAppend = action;
  }

  /** Entries that are in the log and not applied. */
  synchronized int waiting() {
    return waiting.size();
  }

  /** Applies the next entry, as the leader that proposed it. */
  void apply() throws IOException {
    Entry entry = next();
    replica.apply(entry.at(), entry.proposal().data(), entry.proposal().context());
    entry.written().complete(new Written(entry.at().index(), null));
  }

  /** Another term begins, in which this node leads again; the entries of the old one are kept. */
  void newTermWithEntries() throws IOException {
    Deque<Entry> old = change();
    for (Entry entry : old) {
      replica.apply(entry.at(), entry.proposal().data(), null);
    }
    old.forEach(LocalGroup::unknown);
  }

  /** Another term begins, in which this node leads again; another leader has cut the log. */
  void newTermWithoutEntries() {
    Deque<Entry> old = change();
    synchronized (this) {
      last -= old.size();
    }
    old.forEach(LocalGroup::unknown);
  }

  private static void unknown(Entry entry) {
    entry
        .written()
        .completeExceptionally(
            new HeddleException(ErrorCode.UNAVAILABLE, "entry: not known whether it counts"));
  }

  synchronized void lead(boolean leads) {
    leading = leads;
  }

  private synchronized Entry next() {
    return waiting.remove();
  }

  private synchronized Deque<Entry> change() {
    term++;
    Deque<Entry> old = new ArrayDeque<>(waiting);
    waiting.clear();
    return old;
  }

  /** For {@link #beforeNextAppend}: another election was won meanwhile. */
  synchronized void nextTerm() {
    term++;
  }

  @Override
  public CompletableFuture<Long> barrier() {
    return CompletableFuture.completedFuture(replica.local().applied().index());
  }

  @Override
  public CompletableFuture<Void> change(List<Member> from, List<Member> to) {
    return CompletableFuture.completedFuture(null);
  }

  @Override
  public void resign(Duration longest) {
    // Leads, whatever comes.
  }

  @Override
  public CompletableFuture<Void> handOver(String node) {
    return CompletableFuture.completedFuture(null);
  }

  @Override
  public CompletableFuture<Void> trim() {
    return CompletableFuture.completedFuture(null);
  }

  @Override
  public void close() {
    lead(false);
  }
}
