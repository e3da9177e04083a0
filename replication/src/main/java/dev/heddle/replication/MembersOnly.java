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
 * <p>What leaders append comes to a group one by one: Ratis 3.3 looks at a request's term and at
 * what is before its entries, and only then, no longer holding the member, appends them. Between
 * the two, another leader's entries could be confirmed, and be cut off by those of the deposed one.
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
          if (open(request.getServerRequest()) != null) {
            super.onMessage(message);
          }
        }
        case AppendEntriesRequestProto request -> {
          GroupMachine group = open(request.getServerRequest());
          if (group != null) {
            group.oneByOne(() -> super.onMessage(message));
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
      refused = true;
      call.close(
          Status.UNAVAILABLE.withDescription("group: is not open (expected: open)"),
          new Metadata());
      return null;
    }
  }
}
