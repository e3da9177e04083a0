package dev.heddle.replication;

import java.util.EnumSet;
import java.util.function.Predicate;
import org.apache.ratis.grpc.server.GrpcServices;
import org.apache.ratis.proto.RaftProtos.InstallSnapshotRequestProto;
import org.apache.ratis.protocol.RaftGroupId;
import org.apache.ratis.thirdparty.io.grpc.ForwardingServerCallListener;
import org.apache.ratis.thirdparty.io.grpc.Metadata;
import org.apache.ratis.thirdparty.io.grpc.ServerCall;
import org.apache.ratis.thirdparty.io.grpc.ServerCallHandler;
import org.apache.ratis.thirdparty.io.grpc.ServerInterceptor;
import org.apache.ratis.thirdparty.io.grpc.Status;
import org.apache.ratis.thirdparty.io.grpc.netty.NettyServerBuilder;

/**
 * Shuts the doors of Ratis that are meant for clients and administrators: whoever wants to write
 * comes through our own services, which know tenants and limits.
 *
 * <p>And the one for states, of groups that are just being opened: Ratis 3.3 would let a leader's
 * word make a follower of the member before it has begun, and then fail to begin.
 */
final class MembersOnly implements GrpcServices.Customizer {
  private static final String MEMBERS = "ratis.grpc.RaftServerProtocolService";

  private final Predicate<RaftGroupId> open;

  /**
   * @param open whether a group is open on this node
   */
  MembersOnly(Predicate<RaftGroupId> open) {
    this.open = open;
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
        return new OpenOnly<>(call, next.startCall(call, headers));
      }
      call.close(
          Status.PERMISSION_DENIED.withDescription("members of a group only"), new Metadata());
      return new ServerCall.Listener<A>() {};
    }
  }

  private final class OpenOnly<A, B>
      extends ForwardingServerCallListener.SimpleForwardingServerCallListener<A> {
    private final ServerCall<A, B> call;
    private boolean refused;

    OpenOnly(ServerCall<A, B> call, ServerCall.Listener<A> listener) {
      super(listener);
      this.call = call;
    }

    @Override
    public void onMessage(A message) {
      if (refused) {
        return;
      }
      if (message instanceof InstallSnapshotRequestProto request && !open.test(group(request))) {
        refused = true;
        call.close(
            Status.UNAVAILABLE.withDescription("group: is being opened (expected: open)"),
            new Metadata());
        return;
      }
      super.onMessage(message);
    }

    @Override
    public void onHalfClose() {
      if (!refused) {
        super.onHalfClose();
      }
    }

    private static RaftGroupId group(InstallSnapshotRequestProto request) {
      return RaftGroupId.valueOf(request.getServerRequest().getRaftGroupId().getId());
    }
  }
}
