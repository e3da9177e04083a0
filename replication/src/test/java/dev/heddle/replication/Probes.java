package dev.heddle.replication;

import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.apache.ratis.proto.RaftProtos.InstallSnapshotReplyProto;
import org.apache.ratis.proto.RaftProtos.InstallSnapshotRequestProto;
import org.apache.ratis.proto.RaftProtos.RaftGroupIdProto;
import org.apache.ratis.proto.RaftProtos.RaftRpcRequestProto;
import org.apache.ratis.proto.RaftProtos.TermIndexProto;
import org.apache.ratis.proto.grpc.RaftServerProtocolServiceGrpc;
import org.apache.ratis.protocol.RaftGroupId;
import org.apache.ratis.thirdparty.com.google.protobuf.ByteString;
import org.apache.ratis.thirdparty.io.grpc.ManagedChannel;
import org.apache.ratis.thirdparty.io.grpc.Status;
import org.apache.ratis.thirdparty.io.grpc.netty.NettyChannelBuilder;
import org.apache.ratis.thirdparty.io.grpc.stub.StreamObserver;

/** Looks at members and threads from outside. */
final class Probes {
  private Probes() {}

  static Optional<Thread> thread(String name) {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> thread.getName().equals(name))
        .findFirst();
  }

  static boolean waits(String name, String where) {
    return thread(name)
        .filter(thread -> thread.getState() == Thread.State.WAITING)
        .filter(thread ->
            List.of(thread.getStackTrace()).stream()
                .anyMatch(frame -> frame.toString().contains(where)))
        .isPresent();
  }

  /** As the head of what a member says to another. */
  static RaftRpcRequestProto from(String name, Member to, UUID group) {
    return RaftRpcRequestProto.newBuilder()
        .setRequestorId(ByteString.copyFromUtf8(name))
        .setReplyId(ByteString.copyFromUtf8(to.node()))
        .setRaftGroupId(
            RaftGroupIdProto.newBuilder().setId(RaftGroupId.valueOf(group).toByteString()))
        .build();
  }

  /** How a member takes it that another says there is a state to fetch. */
  static Status installSnapshot(Member member, UUID id) throws Exception {
    ManagedChannel channel =
        NettyChannelBuilder.forTarget(member.address().toString()).usePlaintext().build();
    try {
      CompletableFuture<Status> ended = new CompletableFuture<>();
      StreamObserver<InstallSnapshotRequestProto> requests =
          RaftServerProtocolServiceGrpc.newStub(channel)
              .installSnapshot(
                  new StreamObserver<>() {
                    @Override
                    public void onNext(InstallSnapshotReplyProto reply) {}

                    @Override
                    public void onError(Throwable failure) {
                      ended.complete(Status.fromThrowable(failure));
                    }

                    @Override
                    public void onCompleted() {
                      ended.complete(Status.OK);
                    }
                  });
      requests.onNext(
          InstallSnapshotRequestProto.newBuilder()
              .setServerRequest(from("b", member, id))
              .setNotification(
                  InstallSnapshotRequestProto.NotificationProto.newBuilder()
                      .setFirstAvailableTermIndex(TermIndexProto.newBuilder().setIndex(7)))
              .build());
      requests.onCompleted();
      return ended.get(60, TimeUnit.SECONDS);
    } finally {
      channel.shutdownNow();
    }
  }
}
