package dev.heddle.replication;

import java.util.List;
import java.util.function.Function;
import org.apache.ratis.conf.Parameters;
import org.apache.ratis.grpc.GrpcFactory;
import org.apache.ratis.grpc.server.GrpcLogAppender;
import org.apache.ratis.grpc.server.GrpcServices;
import org.apache.ratis.proto.RaftProtos.AppendEntriesReplyProto;
import org.apache.ratis.proto.RaftProtos.AppendEntriesRequestProto;
import org.apache.ratis.proto.RaftProtos.LogEntryProto;
import org.apache.ratis.proto.RaftProtos.RaftRpcRequestProto;
import org.apache.ratis.protocol.RaftGroupId;
import org.apache.ratis.protocol.RaftPeerId;
import org.apache.ratis.rpc.RpcFactory;
import org.apache.ratis.rpc.RpcType;
import org.apache.ratis.server.RaftServer;
import org.apache.ratis.server.leader.FollowerInfo;
import org.apache.ratis.server.leader.LeaderState;
import org.apache.ratis.server.leader.LogAppender;
import org.apache.ratis.server.protocol.TermIndex;
import org.jspecify.annotations.Nullable;

/**
 * Ratis over gRPC, with repairs: {@link PeerCalls}, {@link ReadIndex}, and a member whose state
 * ends just where the leader's log begins is sent that log.
 *
 * <p>As Ratis 3.3 has it, the leader tells such a member to fetch a state, since it cannot name the
 * term of the entry before; the member answers that it has that state already; and so on, without a
 * pause, until another one leads. It is where a leader's log ends that died, once its followers
 * have cut theirs.
 */
final class Transport implements RpcType {
  private static final String GROUPS = "heddle.groups";

  /** Ratis creates it by its name. */
  Transport() {}

  /** Says which groups are on the node. */
  static void setGroups(Parameters parameters, Groups groups) {
    parameters.put(GROUPS, groups, Groups.class);
  }

  /** The groups of a node. */
  interface Groups extends Function<RaftGroupId, @Nullable GroupMachine> {
    /** The one that a request between members is for. */
    default @Nullable GroupMachine of(RaftRpcRequestProto request) {
      return apply(RaftGroupId.valueOf(request.getRaftGroupId().getId()));
    }
  }

  @Override
  public String name() {
    return Transport.class.getName();
  }

  @Override
  public RpcFactory newFactory(Parameters parameters) {
    Groups groups = parameters.get(GROUPS, Groups.class);
    return new GrpcFactory(parameters) {
      @Override
      public GrpcServices newRaftServerRpc(RaftServer server) {
        return super.newRaftServerRpc(PeerCalls.of(server, groups));
      }

      @Override
      public LogAppender newLogAppender(
          RaftServer.Division server, LeaderState state, FollowerInfo follower) {
        GroupMachine group = groups.apply(server.getGroup().getGroupId());
        if (group == null) {
          return new Appender(server, state, follower);
        }
        var appender = new Appender(server, new Heard(state, group.readIndex()), follower);
        group.readIndex().connected(state, appender);
        return appender;
      }
    };
  }

  /** Hears of followers' answers. */
  private record Heard(LeaderState state, ReadIndex reads) implements LeaderState {
    @Override
    public void onAppendEntriesReply(LogAppender appender, AppendEntriesReplyProto reply) {
      state.onAppendEntriesReply(appender, reply);
      if (reply.getServerReply().getSuccess() && appender instanceof Appender ours) {
        reads.confirmed(ours, reply.getServerReply().getCallId());
      }
    }

    @Override
    public void restart(LogAppender appender) {
      state.restart(appender);
    }

    @Override
    public AppendEntriesRequestProto newAppendEntriesRequestProto(
        FollowerInfo follower, List<LogEntryProto> entries, TermIndex previous, long callId) {
      return state.newAppendEntriesRequestProto(follower, entries, previous, callId);
    }

    @Override
    public void checkHealth(FollowerInfo follower) {
      state.checkHealth(follower);
    }

    @Override
    public boolean onFollowerTerm(FollowerInfo follower, long followerTerm) {
      return state.onFollowerTerm(follower, followerTerm);
    }

    @Override
    public void onFollowerCommitIndex(FollowerInfo follower, long commitIndex) {
      state.onFollowerCommitIndex(follower, commitIndex);
    }

    @Override
    public void onFollowerSuccessAppendEntries(FollowerInfo follower) {
      state.onFollowerSuccessAppendEntries(follower);
    }

    @Override
    public boolean isFollowerBootstrapping(FollowerInfo follower) {
      return state.isFollowerBootstrapping(follower);
    }
  }

  private static final class Appender extends GrpcLogAppender implements ReadIndex.Connection {
    Appender(RaftServer.Division server, LeaderState state, FollowerInfo follower) {
      super(server, state, follower);
    }

    @Override
    public RaftPeerId follower() {
      return getFollowerId();
    }

    @Override
    public long nextCall() {
      return getCallId();
    }

    @Override
    public boolean shouldInstallSnapshot(boolean hasSnapshot) {
      return super.shouldInstallSnapshot(hasSnapshot) && !endsWhereLogBegins();
    }

    /** Its state, and so what it holds for committed, is all there is before the log. */
    private boolean endsWhereLogBegins() {
      FollowerInfo follower = getFollower();
      long next = follower.getNextIndex();
      return next > 0
          && next == getRaftLog().getStartIndex()
          && next == follower.getSnapshotIndex() + 1;
    }
  }
}
