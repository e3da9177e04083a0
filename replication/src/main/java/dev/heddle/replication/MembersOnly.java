package dev.heddle.replication;

import java.util.EnumSet;
import org.apache.ratis.grpc.server.GrpcServices;
import org.apache.ratis.thirdparty.io.grpc.Metadata;
import org.apache.ratis.thirdparty.io.grpc.ServerCall;
import org.apache.ratis.thirdparty.io.grpc.ServerCallHandler;
import org.apache.ratis.thirdparty.io.grpc.ServerInterceptor;
import org.apache.ratis.thirdparty.io.grpc.Status;
import org.apache.ratis.thirdparty.io.grpc.netty.NettyServerBuilder;

/**
 * Shuts the doors of Ratis that are meant for clients and administrators: whoever wants to write
 * comes through our own services, which know tenants and limits.
 */
final class MembersOnly implements GrpcServices.Customizer {
  private static final String MEMBERS = "ratis.grpc.RaftServerProtocolService";

  @Override
  public NettyServerBuilder customize(
      NettyServerBuilder builder, EnumSet<GrpcServices.Type> types) {
    return builder.intercept(new Refusal());
  }

  private static final class Refusal implements ServerInterceptor {
    @Override
    public <A, B> ServerCall.Listener<A> interceptCall(
        ServerCall<A, B> call, Metadata headers, ServerCallHandler<A, B> next) {
      if (MEMBERS.equals(call.getMethodDescriptor().getServiceName())) {
        return next.startCall(call, headers);
      }
      call.close(
          Status.PERMISSION_DENIED.withDescription("members of a group only"), new Metadata());
      return new ServerCall.Listener<A>() {};
    }
  }
}
