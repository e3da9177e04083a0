package dev.heddle.replication;

import dev.heddle.process.Threads;
import java.io.IOException;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Predicate;
import org.apache.ratis.proto.RaftProtos.AppendEntriesReplyProto;
import org.apache.ratis.proto.RaftProtos.AppendEntriesRequestProto;
import org.apache.ratis.proto.RaftProtos.LogEntryProto;
import org.apache.ratis.proto.RaftProtos.RaftConfigurationProto;
import org.apache.ratis.proto.RaftProtos.RoleInfoProto;
import org.apache.ratis.protocol.Message;
import org.apache.ratis.protocol.RaftClientRequest;
import org.apache.ratis.protocol.RaftGroupId;
import org.apache.ratis.protocol.RaftGroupMemberId;
import org.apache.ratis.protocol.RaftPeer;
import org.apache.ratis.protocol.RaftPeerId;
import org.apache.ratis.protocol.exceptions.StateMachineException;
import org.apache.ratis.server.RaftConfiguration;
import org.apache.ratis.server.RaftServer;
import org.apache.ratis.server.protocol.TermIndex;
import org.apache.ratis.server.storage.FileInfo;
import org.apache.ratis.server.storage.RaftStorage;
import org.apache.ratis.statemachine.SnapshotInfo;
import org.apache.ratis.statemachine.TransactionContext;
import org.apache.ratis.statemachine.impl.BaseStateMachine;
import org.apache.ratis.util.LifeCycle;
import org.apache.ratis.util.function.CheckedSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A {@link Replica} as Ratis wants it. Called by Ratis's threads. */
final class GroupMachine extends BaseStateMachine {
  private static final Logger log = LoggerFactory.getLogger(GroupMachine.class);

  private final Replica replica;
  private final LogPosition durable;
  private final GroupMetadata metadata;
  private volatile String failure = "";

  /** Whether the replica failed: from then on it is told of nothing. */
  private volatile boolean ended;

  private volatile boolean open;

  /**
   * Term of a candidate that was not on disk at the last look; 0: none. Of the thread that looks.
   */
  private long unwritten;

  /** Held while entries of a leader are taken into the log. */
  private final ReentrantLock taking = new ReentrantLock();

  /** Ends, never with a failure, when what was taken is on disk. Guarded by {@link #taking}. */
  private CompletableFuture<String> taken = CompletableFuture.completedFuture("");

  private volatile RaftServer.@Nullable Division division;
  private final ReadIndex readIndex = new ReadIndex(new Leading());
  private final AppliedIndex applied;

  /**
   * @param durable what the replica had on disk
   * @param metadata of the group
   */
  GroupMachine(Replica replica, LogPosition durable, GroupMetadata metadata) {
    this.replica = replica;
    this.durable = durable;
    this.metadata = metadata;
    this.applied = new AppliedIndex(durable.index());
  }

  /** What reads ask this member for while it leads. */
  ReadIndex readIndex() {
    return readIndex;
  }

  /** How far it has applied. */
  AppliedIndex applied() {
    return applied;
  }

  /** Whether everything that was acknowledged is on each of its members. */
  boolean isOneOfTwo() {
    RaftServer.Division known = division;
    if (known == null) {
      return false;
    }
    RaftConfiguration members = known.getRaftConf();
    return members.getCurrentPeers().size() == 2 && members.getPreviousPeers().isEmpty();
  }

  private final class Leading implements ReadIndex.Leader {
    @Override
    public boolean leads() {
      return division().getInfo().isLeader();
    }

    @Override
    public boolean ready() {
      return division().getInfo().isLeaderReady();
    }

    @Override
    public long committed() {
      return division().getRaftLog().getLastCommittedIndex();
    }

    @Override
    public boolean isMajority(Predicate<RaftPeerId> confirmed) {
      RaftConfiguration members = division().getRaftConf();
      RaftPeerId self = division().getId();
      Predicate<RaftPeerId> counted = id -> id.equals(self) || confirmed.test(id);
      return isMajority(members.getCurrentPeers(), counted)
          && (members.getPreviousPeers().isEmpty()
              || isMajority(members.getPreviousPeers(), counted));
    }

    private static boolean isMajority(Collection<RaftPeer> members, Predicate<RaftPeerId> counted) {
      return 2 * members.stream().map(RaftPeer::getId).filter(counted).count() > members.size();
    }
  }

  /** The latest term that it has come to; 0: none. */
  long term() {
    RaftServer.Division known = division;
    return known == null ? 0 : known.getInfo().getCurrentTerm();
  }

  GroupMetadata metadata() {
    return metadata;
  }

  /**
   * Closes the group on this node where it stands for election in a term that it could not write
   * down. Ratis 3.3 ends the thread of such an election, and never begins another one. To be called
   * every second, by one thread.
   */
  void endStuckCandidate() {
    RaftServer.Division known = division;
    if (!open || ended || known == null || !known.getInfo().isCandidate()) {
      unwritten = 0;
      return;
    }
    long term = known.getInfo().getCurrentTerm();
    if (metadata.hasTerm(term)) {
      unwritten = 0;
    } else if (unwritten == term) {
      end(new IOException("term " + term + " could not be written"));
      replica.changed();
    } else {
      unwritten = term;
    }
  }

  /** Why the log failed, where it did. */
  String failure() {
    return failure;
  }

  @Override
  public void initialize(RaftServer server, RaftGroupId group, RaftStorage storage)
      throws IOException {
    super.initialize(server, group, storage);
    division = server.getDivision(group);
    getLifeCycle().startAndTransition(() -> setLastAppliedTermIndex(termIndex(durable)));
  }

  @Override
  public @Nullable SnapshotInfo getLatestSnapshot() {
    LogPosition durable = replica.durable();
    return durable.index() < 0 ? null : new Durable(termIndex(durable));
  }

  private record Durable(TermIndex at) implements SnapshotInfo {
    @Override
    public TermIndex getTermIndex() {
      return at;
    }

    @Override
    public List<FileInfo> getFiles() {
      return List.of();
    }
  }

  @Override
  public long takeSnapshot() {
    return replica.durable().index();
  }

  @Override
  public TransactionContext startTransaction(RaftClientRequest request) throws IOException {
    if (!(request.getMessage() instanceof ProposalMessage message)) {
      throw new IOException("entry: from outside of this process (expected: from this process)");
    }
    return TransactionContext.newBuilder()
        .setStateMachine(this)
        .setClientRequest(request)
        .setLogData(message.getContent())
        .setStateMachineContext(message)
        .build();
  }

  @Override
  public TransactionContext preAppendTransaction(TransactionContext transaction)
      throws IOException {
    RaftServer.Division mine = division();
    if (transaction.getStateMachineContext() instanceof ProposalMessage message) {
      LogPosition at =
          new LogPosition(mine.getInfo().getCurrentTerm(), mine.getRaftLog().getNextIndex());
      try {
        replica.proposed(message.proposal(), at);
      } catch (RuntimeException e) {
        throw new StateMachineException(mine.getMemberId(), e, false);
      }
      message.append();
    }
    return transaction;
  }

  RaftServer.Division division() {
    return Objects.requireNonNull(division, "initialized");
  }

  RaftServer.@Nullable Division divisionIfAny() {
    return division;
  }

  /** The member has begun: from now on it hears of states and entries. */
  void opened() {
    open = true;
  }

  boolean isOpen() {
    return open;
  }

  /**
   * Has entries of a leader taken into the log, or its heartbeat.
   *
   * @param take begins it
   * @return its answer; where it confirms entries, once all that were taken before are on disk, too
   */
  CompletableFuture<AppendEntriesReplyProto> take(
      AppendEntriesRequestProto request,
      CheckedSupplier<CompletableFuture<AppendEntriesReplyProto>, IOException> take)
      throws IOException {
    taking.lock();
    try {
      CompletableFuture<AppendEntriesReplyProto> answer = take.get();
      if (request.getEntriesCount() == 0) {
        return answer;
      }
      CompletableFuture<AppendEntriesReplyProto> inOrder =
          taken.isDone() ? answer : answer.thenCombine(taken, (reply, before) -> reply);
      taken = inOrder.handle((reply, failure) -> "");
      return inOrder;
    } finally {
      taking.unlock();
    }
  }

  /**
   * Closes the group on this node, or what there is of it: of one that failed to begin Ratis
   * forgets its lock on the folder and its threads.
   */
  void closeGroup() {
    endEviction();
    RaftServer.Division known = division;
    if (known != null) {
      known.close();
    }
  }

  /** Before the group is closed, by whomever. */
  void endEviction() {
    open = false;
    RaftServer.Division known = division;
    if (known != null) {
      LogEviction.end(known);
    }
  }

  @Override
  public CompletableFuture<Message> applyTransaction(TransactionContext transaction) {
    ProposalMessage message =
        transaction.getStateMachineContext() instanceof ProposalMessage ours ? ours : null;
    if (ended) {
      return notApplied(message);
    }
    LogEntryProto entry = transaction.getLogEntry();
    LogPosition at = new LogPosition(entry.getTerm(), entry.getIndex());
    try {
      Object result =
          replica.apply(
              at,
              entry.getStateMachineLogEntry().getLogData().toByteArray(),
              message == null ? null : message.proposal().context());
      updateLastAppliedTermIndex(at.term(), at.index());
      applied.advance(at.index());
      if (message != null) {
        message.outcome().complete(new Written(at.index(), result));
      }
      return CompletableFuture.completedFuture(new ResultMessage(result));
    } catch (IOException | RuntimeException e) {
      end(e);
      return notApplied(message);
    }
  }

  /**
   * Applies nothing more, and closes the group on this node. Nothing is thrown at Ratis's thread:
   * if someone was closing the group just then, it would spin for ever, and nobody could open or
   * close any group.
   */
  private void end(Throwable cause) {
    synchronized (this) {
      if (ended) {
        return;
      }
      failure = cause.toString();
      ended = true;
    }
    applied.end(new IOException("not applied: " + failure));
    log.error(
        "replica or its log failed: its group is closed on this node group={}",
        getGroupId(),
        cause);
    Threads.virtual("raft-end")
        .newThread(() -> {
          try {
            closeGroup();
          } catch (RuntimeException e) {
            log.warn("group closed badly group={}", getGroupId(), e);
          }
        })
        .start();
  }

  private CompletableFuture<Message> notApplied(@Nullable ProposalMessage message) {
    if (message == null) {
      return CompletableFuture.completedFuture(Message.EMPTY);
    }
    IOException why = new IOException("not applied: " + failure);
    message.outcome().completeExceptionally(RaftFailures.of(why, true));
    return CompletableFuture.failedFuture(why);
  }

  @Override
  public void notifyTermIndexUpdated(long term, long index) {
    if (ended) {
      return;
    }
    replica.advanced(new LogPosition(term, index));
    super.notifyTermIndexUpdated(term, index);
    applied.advance(index);
  }

  @Override
  public void pause() {
    if (getLifeCycle().compareAndTransition(LifeCycle.State.RUNNING, LifeCycle.State.PAUSING)) {
      getLifeCycle().transition(LifeCycle.State.PAUSED);
    }
  }

  @Override
  public void reinitialize() throws IOException {
    getLifeCycle().transition(LifeCycle.State.STARTING);
    LogPosition installed = replica.installed();
    setLastAppliedTermIndex(termIndex(installed));
    applied.advance(installed.index());
    getLifeCycle().transition(LifeCycle.State.RUNNING);
  }

  @Override
  public CompletableFuture<TermIndex> notifyInstallSnapshotFromLeader(
      RoleInfoProto role, TermIndex first) {
    if (ended) {
      return CompletableFuture.failedFuture(new IOException("closing: " + failure));
    }
    String leader = role.getFollowerInfo().getLeaderInfo().getId().getId().toStringUtf8();
    return replica
        .fetch(leader, new LogPosition(first.getTerm(), first.getIndex()))
        // Null says that the leader has nothing durable yet, and the log has everything.
        .thenApply(at -> at.index() < 0 ? null : termIndex(at));
  }

  @Override
  public void notifyLeaderChanged(RaftGroupMemberId member, RaftPeerId leader) {
    replica.changed();
  }

  @Override
  public void notifyLeaderReady() {
    replica.changed();
    readIndex.advance();
  }

  @Override
  public void notifyNotLeader(Collection<TransactionContext> pending) {
    readIndex.lost();
    replica.changed();
  }

  @Override
  public void notifyConfigurationChanged(
      long term, long index, RaftConfigurationProto configuration) {
    metadata.keep(term, index, configuration);
    replica.changed();
  }

  /**
   * By itself Ratis would go on with a log that takes nothing any more: a leader that refuses all
   * writes, a follower that refuses all entries.
   */
  @Override
  public void notifyLogFailed(Throwable cause, @Nullable LogEntryProto entry) {
    end(cause);
    replica.changed();
  }

  @Override
  public void close() throws IOException {
    readIndex.lost();
    applied.end(new IOException("closed"));
    replica.close();
  }

  private static TermIndex termIndex(LogPosition position) {
    return position.index() < 0
        ? TermIndex.INITIAL_VALUE
        : TermIndex.valueOf(position.term(), position.index());
  }
}
