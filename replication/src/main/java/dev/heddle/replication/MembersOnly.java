package dev.heddle.replication;

import java.util.EnumSet;
import java.util.function.Function;
import org.apache.ratis.grpc.server.GrpcServices;
import org.apache.ratis.proto.RaftProtos.AppendEntriesRequestProto;
import org.apache.ratis.proto.RaftProtos.InstallSnapshotRequestProto;
import org.apache.ratis.proto.RaftProtos.RaftRpcRequestProto;
import org.apache.ratis.protocol.RaftGroupId;
import org.apache.ratis.thirdparty.io.grpc.ForwardingServerCallListener;
import org.apache.ratis.thirdparty.io.grpc.Metadata;
import org.apache.ratis.thirdparty.io.grpc.ServerCall;
import org.apache.ratis.thirdparty.io.grpc.ServerCallHandler;
import org.apache.ratis.thirdparty.io.grpc.ServerInterceptor;
import org.apache.ratis.thirdparty.io.grpc.Status;
import org.apache.ratis.thirdparty.io.grpc.netty.NettyServerBuilder;
import org.jspecify.annotations.Nullable;

/**
 * Shuts the doors of Ratis that are meant for clients and administrators: whoever wants to write
 * comes through our own services, which know tenants and limits.
 *
 * <p>And those for states and entries, of groups that are just being opened: Ratis 3.3 would let a
 * leader's word about a state make a follower of the member before it has begun, and then fail to
 * begin; and of entries it would log an error with each.
 *
 * <p>And of a state, nothing is heard of a leader that was deposed: Ratis would refuse it, and yet
 * take over the members that it names.
 */
final class MembersOnly implements GrpcServices.Customizer {
  private static final String MEMBERS = "ratis.grpc.RaftServerProtocolService";

  private final Function<RaftGroupId, @Nullable GroupMachine> groups;

  /**
   * @param groups those of this node, of which some are just being opened
   */
  MembersOnly(Function<RaftGroupId, @Nullable GroupMachine> groups) {
    this.groups = groups;
  }

  @Override
  public NettyServerBuilder customize(
      NettyServerBuilder builder, EnumSet<GrpcServices.Type> types) {
    return builder.intercept(new Refusal());
  }

  private final class Refusal implements ServerInterceptor {
    @Override
    public <A, B> ServerCall.Listener<A> interceptCall(
        ServerCall<A, B> call, Metadata headers, ServerCallHandler<A, B> next) {
      if (MEMBERS.equals(call.getMethodDescriptor().getServiceName())) {
        return new Guarded<>(call, next.startCall(call, headers));
      }
      call.close(
          Status.PERMISSION_DENIED.withDescription("members of a group only"), new Metadata());
      return new ServerCall.Listener<A>() {};
    }
  }

  private final class Guarded<A, B>
      extends ForwardingServerCallListener.SimpleForwardingServerCallListener<A> {
    private final ServerCall<A, B> call;
    private boolean refused;

    Guarded(ServerCall<A, B> call, ServerCall.Listener<A> listener) {
      super(listener);
      this.call = call;
    }

    @Override
    public void onMessage(A message) {
      if (refused) {
        return;
      }
      switch (message) {
        case InstallSnapshotRequestProto request -> {
          GroupMachine group = open(request.getServerRequest());
          if (group != null && !deposed(request.getLeaderTerm(), group)) {
            super.onMessage(message);
          }
        }
        case AppendEntriesRequestProto request -> {
          if (open(request.getServerRequest()) != null) {
            super.onMessage(message);
          }
        }
        default -> super.onMessage(message);
      }
    }

    @Override
    public void onHalfClose() {
      if (!refused) {
        super.onHalfClose();
      }
    }

    /** Null: the call is refused. */
    private @Nullable GroupMachine open(RaftRpcRequestProto request) {
      GroupMachine group = groups.apply(RaftGroupId.valueOf(request.getRaftGroupId().getId()));
      if (group != null && group.isOpen()) {
        return group;
      }
      refuse(Status.UNAVAILABLE.withDescription("group: is not open (expected: open)"));
      return null;
    }

    private boolean deposed(long leaderTerm, GroupMachine group) {
      long term = group.division().getInfo().getCurrentTerm();
      if (leaderTerm >= term) {
        return false;
      }
      refuse(
          Status.FAILED_PRECONDITION.withDescription(
              "term: " + leaderTerm + " (expected: at least " + term + ")"));
      return true;
    }

    private void refuse(Status status) {
      refused = true;
      call.close(status, new Metadata());
    }
  }
}
