package dev.heddle.replication;

import java.util.function.Function;
import org.apache.ratis.conf.Parameters;
import org.apache.ratis.grpc.GrpcFactory;
import org.apache.ratis.grpc.server.GrpcLogAppender;
import org.apache.ratis.grpc.server.GrpcServices;
import org.apache.ratis.protocol.RaftGroupId;
import org.apache.ratis.rpc.RpcFactory;
import org.apache.ratis.rpc.RpcType;
import org.apache.ratis.server.RaftServer;
import org.apache.ratis.server.leader.FollowerInfo;
import org.apache.ratis.server.leader.LeaderState;
import org.apache.ratis.server.leader.LogAppender;
import org.jspecify.annotations.Nullable;

/**
 * Ratis over gRPC, with two repairs: {@link Appends}, and a member whose state ends just where the
 * leader's log begins is sent that log.
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
  interface Groups extends Function<RaftGroupId, @Nullable GroupMachine> {}

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
        return super.newRaftServerRpc(Appends.inOrder(server, groups));
      }

      @Override
      public LogAppender newLogAppender(
          RaftServer.Division server, LeaderState state, FollowerInfo follower) {
        return new Appender(server, state, follower);
      }
    };
  }

  private static final class Appender extends GrpcLogAppender {
    Appender(RaftServer.Division server, LeaderState state, FollowerInfo follower) {
      super(server, state, follower);
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
