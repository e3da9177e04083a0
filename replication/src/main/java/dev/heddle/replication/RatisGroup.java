package dev.heddle.replication;

import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.HostPort;
import java.io.IOException;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.ratis.client.impl.ClientProtoUtils;
import org.apache.ratis.proto.RaftProtos.CommitInfoProto;
import org.apache.ratis.proto.RaftProtos.RaftPeerRole;
import org.apache.ratis.proto.RaftProtos.ReadIndexRequestProto;
import org.apache.ratis.proto.RaftProtos.RoleInfoProto;
import org.apache.ratis.proto.RaftProtos.ServerRpcProto;
import org.apache.ratis.protocol.ClientId;
import org.apache.ratis.protocol.RaftClientAsynchronousProtocol;
import org.apache.ratis.protocol.RaftClientReply;
import org.apache.ratis.protocol.RaftClientRequest;
import org.apache.ratis.protocol.RaftGroupId;
import org.apache.ratis.protocol.RaftGroupMemberId;
import org.apache.ratis.protocol.RaftPeer;
import org.apache.ratis.protocol.RaftPeerId;
import org.apache.ratis.protocol.SetConfigurationRequest;
import org.apache.ratis.protocol.TransferLeadershipRequest;
import org.apache.ratis.protocol.exceptions.ReadIndexException;
import org.apache.ratis.server.DivisionInfo;
import org.apache.ratis.server.RaftServer;
import org.apache.ratis.server.protocol.TermIndex;
import org.apache.ratis.util.LifeCycle;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A group on Ratis. */
final class RatisGroup implements ReplicatedGroup {
  private static final Logger log = LoggerFactory.getLogger(RatisGroup.class);
  private static final long HAND_OVER_MILLIS = 10_000;

  private final RaftNode node;
  private final RaftServer server;
  private final RaftGroupId id;
  private final GroupMachine machine;
  private final ClientId self = ClientId.randomId();
  private final AtomicLong calls = new AtomicLong();
  private final Duration readTimeout;

  /**
   * @param readTimeout of a {@link #barrier}
   */
  RatisGroup(
      RaftNode node,
      RaftServer server,
      RaftGroupId id,
      GroupMachine machine,
      Duration readTimeout) {
    this.readTimeout = readTimeout;
    this.node = node;
    this.server = server;
    this.id = id;
    this.machine = machine;
  }

  @Override
  public UUID id() {
    return id.getUuid();
  }

  @Override
  public GroupStatus status() {
    RaftServer.Division division;
    try {
      division = server.getDivision(id);
    } catch (IOException | CompletionException e) {
      return closed("closed");
    }
    DivisionInfo info = division.getInfo();
    if (info.getLifeCycleState() != LifeCycle.State.RUNNING
        && info.getLifeCycleState() != LifeCycle.State.STARTING) {
      return closed(machine.failure().isEmpty() ? "closed" : machine.failure());
    }
    List<Member> members =
        division.getRaftConf().getAllPeers(RaftPeerRole.FOLLOWER).stream()
            .map(RatisGroup::member)
            .toList();
    TermIndex last = division.getRaftLog().getLastEntryTermIndex();
    // Before it is asked who leads: what leads in this term may be of a later one, never earlier.
    long term = info.getCurrentTerm();
    RaftPeerId leader = info.getLeaderId();
    return new GroupStatus(
        role(info, members),
        info.isLeader() && info.isLeaderReady(),
        Optional.ofNullable(leader).map(RaftPeerId::toString),
        term,
        committed(division),
        machine.getLastAppliedTermIndex().getIndex(),
        last == null ? -1 : last.getIndex(),
        silence(info, members.size()),
        members,
        machine.failure());
  }

  /** A follower's own figure stays within what it has of the log, however much there is. */
  private static long committed(RaftServer.Division division) {
    return division.getCommitInfos().stream()
        .mapToLong(CommitInfoProto::getCommitIndex)
        .reduce(division.getRaftLog().getLastCommittedIndex(), Math::max);
  }

  private static GroupStatus closed(String why) {
    return new GroupStatus(
        Role.CLOSED,
        false,
        Optional.empty(),
        0,
        -1,
        -1,
        -1,
        ChronoUnit.FOREVER.getDuration(),
        List.of(),
        why);
  }

  private static Duration silence(DivisionInfo info, int members) {
    if (info.getLeaderId() == null) {
      // Each election in vain begins a silence of its own.
      return ChronoUnit.FOREVER.getDuration();
    }
    RoleInfoProto role = info.getRoleInfoProto();
    if (role.hasLeaderInfo()) {
      return silenceOfMajority(role.getLeaderInfo().getFollowerInfoList(), members);
    }
    return role.hasFollowerInfo()
        ? Duration.ofMillis(role.getFollowerInfo().getLeaderInfo().getLastRpcElapsedTimeMs())
        : ChronoUnit.FOREVER.getDuration();
  }

  /** How long ago the last of those answered that are a majority together with their leader. */
  private static Duration silenceOfMajority(List<ServerRpcProto> followers, int members) {
    int needed = members / 2;
    if (needed == 0) {
      return Duration.ZERO;
    }
    return followers.stream()
        .map(ServerRpcProto::getLastRpcElapsedTimeMs)
        .sorted()
        .skip(needed - 1)
        .findFirst()
        .map(Duration::ofMillis)
        .orElseGet(ChronoUnit.FOREVER::getDuration);
  }

  private Role role(DivisionInfo info, List<Member> members) {
    if (members.stream().noneMatch(member -> member.node().equals(node.name()))) {
      return Role.OUTSIDE;
    }
    return info.isLeader() ? Role.LEADER : info.isCandidate() ? Role.CANDIDATE : Role.FOLLOWER;
  }

  private static Member member(RaftPeer peer) {
    return new Member(peer.getId().toString(), HostPort.parse(peer.getAddress()));
  }

  @Override
  public CompletableFuture<Written> propose(Proposal proposal) {
    if (proposal.data().length > Proposal.MOST_BYTES) {
      return CompletableFuture.failedFuture(
          new HeddleException(
              ErrorCode.TOO_LARGE,
              "entry: %d bytes (expected: at most %d)"
                  .formatted(proposal.data().length, Proposal.MOST_BYTES)));
    }
    ProposalMessage message = new ProposalMessage(proposal);
    RaftClientRequest request =
        request(ClientId.valueOf(proposal.client()), proposal.call())
            .setMessage(message)
            .setType(RaftClientRequest.writeRequestType())
            .build();
    var _ =
        submit(request)
            .whenComplete((reply, failure) -> {
              Throwable why = failure != null ? failure : reply.getException();
              if (why != null) {
                message.outcome().completeExceptionally(RaftFailures.of(why, message.appended()));
              } else {
                message.outcome().complete(new Written(reply.getLogIndex(), result(reply)));
              }
            });
    return message.outcome();
  }

  private static @org.jspecify.annotations.Nullable Object result(RaftClientReply reply) {
    return reply.getMessage() instanceof ResultMessage message ? message.result() : null;
  }

  /** Straight to the division, on this thread: what it appends is appended on return. */
  private CompletableFuture<RaftClientReply> submit(RaftClientRequest request) {
    try {
      RaftServer.Division division = server.getDivision(id);
      return ((RaftClientAsynchronousProtocol) division).submitClientRequestAsync(request);
    } catch (IOException | RuntimeException e) {
      return CompletableFuture.failedFuture(e);
    }
  }

  @Override
  public CompletableFuture<Long> barrier() {
    CompletableFuture<Long> index;
    try {
      RaftServer.Division division = server.getDivision(id);
      index =
          division.getInfo().isLeader() ? machine.readIndex().ask() : ofLeader(division.getInfo());
    } catch (IOException | RuntimeException e) {
      return CompletableFuture.failedFuture(RaftFailures.ofRead(e));
    }
    CompletableFuture<Long> applied =
        index
            .thenCompose(machine.applied()::await)
            .orTimeout(readTimeout.toNanos(), TimeUnit.NANOSECONDS);
    return applied.handle((at, failure) -> {
      if (failure != null) {
        index.cancel(false);
        throw RaftFailures.ofRead(failure);
      }
      return at;
    });
  }

  private CompletableFuture<Long> ofLeader(DivisionInfo info) throws IOException {
    RaftPeerId leader = info.getLeaderId();
    if (leader == null) {
      throw new ReadIndexException("no leader is known here");
    }
    ReadIndexRequestProto request =
        ReadIndexRequestProto.newBuilder()
            .setServerRequest(
                ClientProtoUtils.toRaftRpcRequestProtoBuilder(
                    RaftGroupMemberId.valueOf(server.getId(), id), leader))
            .build();
    return server
        .getServerRpc()
        .async()
        .readIndexAsync(request)
        .thenApply(reply -> {
          if (!reply.getServerReply().getSuccess()) {
            throw new CompletionException(new ReadIndexException(leader + " does not lead"));
          }
          return reply.getReadIndex();
        });
  }

  @Override
  public CompletableFuture<Void> change(List<Member> from, List<Member> to) {
    node.know(to);
    SetConfigurationRequest request =
        new SetConfigurationRequest(
            self,
            server.getId(),
            id,
            calls.incrementAndGet(),
            SetConfigurationRequest.Arguments.newBuilder()
                .setServersInCurrentConf(RaftNode.peers(from))
                .setServersInNewConf(RaftNode.peers(to))
                .setMode(SetConfigurationRequest.Mode.COMPARE_AND_SET)
                .build());
    return administer(() -> server.setConfigurationAsync(request));
  }

  @Override
  public CompletableFuture<Void> handOver(String to) {
    return handOver(to, HAND_OVER_MILLIS);
  }

  private CompletableFuture<Void> handOver(String to, long millis) {
    TransferLeadershipRequest request =
        new TransferLeadershipRequest(
            self, server.getId(), id, calls.incrementAndGet(), RaftPeerId.valueOf(to), millis);
    return administer(() -> server.transferLeadershipAsync(request));
  }

  @Override
  public void resign(Duration longest) {
    long end = System.nanoTime() + longest.toNanos();
    for (String follower : lastHeardFirst()) {
      long left = (end - System.nanoTime()) / 1_000_000;
      if (left <= 0 || !status().leading()) {
        return;
      }
      try {
        handOver(follower, left).get(left, TimeUnit.MILLISECONDS);
        return;
      } catch (ExecutionException | TimeoutException e) {
        log.debug("leadership not taken over group={} by={}", id, follower, e);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return;
      }
    }
  }

  /** The followers, as the leader knows them; empty on others. */
  private List<String> lastHeardFirst() {
    try {
      return server
          .getDivision(id)
          .getInfo()
          .getRoleInfoProto()
          .getLeaderInfo()
          .getFollowerInfoList()
          .stream()
          .sorted(Comparator.comparingLong(ServerRpcProto::getLastRpcElapsedTimeMs))
          .map(follower -> follower.getId().getId().toStringUtf8())
          .toList();
    } catch (IOException | CompletionException e) {
      return List.of();
    }
  }

  @Override
  public CompletableFuture<Void> trim() {
    // Not by Ratis's own management of snapshots: it does nothing while the replica has everything.
    long durable = machine.takeSnapshot();
    if (durable < 0) {
      return CompletableFuture.completedFuture(null);
    }
    try {
      machine.metadata().copy();
      return server.getDivision(id).getRaftLog().purge(durable).thenApply(purged -> null);
    } catch (IOException | RuntimeException e) {
      return CompletableFuture.failedFuture(RaftFailures.of(e, false));
    }
  }

  private interface Administration {
    CompletableFuture<RaftClientReply> run() throws IOException;
  }

  private static CompletableFuture<Void> administer(Administration administration) {
    CompletableFuture<RaftClientReply> reply;
    try {
      reply = administration.run();
    } catch (IOException | RuntimeException e) {
      reply = CompletableFuture.failedFuture(e);
    }
    return reply.handle((done, failure) -> {
      if (failure != null) {
        throw RaftFailures.of(failure, false);
      }
      if (done.getException() != null) {
        throw RaftFailures.of(done.getException(), false);
      }
      return null;
    });
  }

  private RaftClientRequest.Builder request(ClientId client, long call) {
    return RaftClientRequest.newBuilder()
        .setClientId(client)
        .setServerId(server.getId())
        .setGroupId(id)
        .setCallId(call);
  }

  @Override
  public void close() {
    node.leave(id, machine);
  }
}
