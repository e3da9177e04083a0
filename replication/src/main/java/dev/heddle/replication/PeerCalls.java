package dev.heddle.replication;

import java.io.IOException;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.concurrent.CompletableFuture;
import org.apache.ratis.proto.RaftProtos.AppendEntriesReplyProto;
import org.apache.ratis.proto.RaftProtos.AppendEntriesRequestProto;
import org.apache.ratis.proto.RaftProtos.RaftRpcReplyProto;
import org.apache.ratis.proto.RaftProtos.RaftRpcRequestProto;
import org.apache.ratis.proto.RaftProtos.ReadIndexReplyProto;
import org.apache.ratis.proto.RaftProtos.ReadIndexRequestProto;
import org.apache.ratis.proto.RaftProtos.RequestVoteReplyProto;
import org.apache.ratis.proto.RaftProtos.RequestVoteRequestProto;
import org.apache.ratis.server.RaftServer;
import org.jspecify.annotations.Nullable;

/**
 * A server as other members call it: leaders' entries come group by group, one request after the
 * other, and are confirmed in that order; and a leader is asked for its {@link ReadIndex}.
 *
 * <p>Ratis 3.3 looks at a request's term and at what is before its entries, and only then, no
 * longer holding the member, appends them: between the two, another leader's entries could be
 * confirmed, and be cut off by those of the deposed one. And of entries that it has already, since
 * they were sent again, it does not ask whether they are on disk yet before it confirms them.
 *
 * <p>And a candidate counts no vote of a member whose log is empty, in case that one has lost its
 * disk. Who has, does not take part here until the others have let go of it; but of two members
 * there is no majority without it, so that one begins anew: the other, which has everything that
 * was acknowledged, would wait for ever if it had to stand before that one has its first entry.
 */
final class PeerCalls implements InvocationHandler {
  private final RaftServer server;
  private final Transport.Groups groups;

  private PeerCalls(RaftServer server, Transport.Groups groups) {
    this.server = server;
    this.groups = groups;
  }

  /**
   * The same server, for Ratis's transport.
   *
   * @param groups those of this node
   */
  static RaftServer of(RaftServer server, Transport.Groups groups) {
    return (RaftServer)
        Proxy.newProxyInstance(
            RaftServer.class.getClassLoader(),
            new Class<?>[] {RaftServer.class},
            new PeerCalls(server, groups));
  }

  @Override
  public @Nullable Object invoke(Object proxy, Method method, Object @Nullable [] arguments)
      throws Throwable {
    if (arguments != null && arguments.length == 1) {
      switch (arguments[0]) {
        case AppendEntriesRequestProto request
            when method.getName().equals("appendEntriesAsync") -> {
          return append(request);
        }
        case RequestVoteRequestProto request when method.getName().equals("requestVote") -> {
          return vote(request);
        }
        case ReadIndexRequestProto request when method.getName().equals("readIndexAsync") -> {
          return readIndex(request);
        }
        default -> {
          // As it is.
        }
      }
    }
    try {
      return method.invoke(server, arguments);
    } catch (InvocationTargetException e) {
      throw e.getCause();
    }
  }

  private CompletableFuture<AppendEntriesReplyProto> append(AppendEntriesRequestProto request)
      throws IOException {
    GroupMachine group = groups.of(request.getServerRequest());
    return group == null
        ? server.appendEntriesAsync(request)
        : group.take(request, () -> server.appendEntriesAsync(request));
  }

  /** Ratis takes a reply that does not tell the voter's last entry. */
  private RequestVoteReplyProto vote(RequestVoteRequestProto request) throws IOException {
    RequestVoteReplyProto reply = server.requestVote(request);
    GroupMachine group = groups.of(request.getServerRequest());
    return group != null && group.isOneOfTwo() ? reply.toBuilder().clearLastEntry().build() : reply;
  }

  private CompletableFuture<ReadIndexReplyProto> readIndex(ReadIndexRequestProto request)
      throws IOException {
    RaftRpcRequestProto header = request.getServerRequest();
    GroupMachine group = groups.of(header);
    return group == null
        ? server.readIndexAsync(request)
        : group.readIndex().ask().handle((index, failure) -> reply(header, index));
  }

  /**
   * @param index null: it does not lead
   */
  private static ReadIndexReplyProto reply(RaftRpcRequestProto header, @Nullable Long index) {
    return ReadIndexReplyProto.newBuilder()
        .setServerReply(
            RaftRpcReplyProto.newBuilder()
                .setRequestorId(header.getRequestorId())
                .setReplyId(header.getReplyId())
                .setRaftGroupId(header.getRaftGroupId())
                .setCallId(header.getCallId())
                .setSuccess(index != null))
        .setReadIndex(index == null ? -1 : index)
        .build();
  }
}
