package dev.heddle.replication;

import java.io.IOException;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import org.apache.ratis.proto.RaftProtos.AppendEntriesReplyProto;
import org.apache.ratis.proto.RaftProtos.AppendEntriesRequestProto;
import org.apache.ratis.protocol.RaftGroupId;
import org.apache.ratis.server.RaftServer;
import org.jspecify.annotations.Nullable;

/**
 * A server to which leaders' entries come group by group, one request after the other, and which
 * confirms them in that order.
 *
 * <p>Ratis 3.3 looks at a request's term and at what is before its entries, and only then, no
 * longer holding the member, appends them: between the two, another leader's entries could be
 * confirmed, and be cut off by those of the deposed one. And of entries that it has already, since
 * they were sent again, it does not ask whether they are on disk yet before it confirms them.
 */
final class Appends implements InvocationHandler {
  private final RaftServer server;
  private final Function<RaftGroupId, @Nullable GroupMachine> groups;

  private Appends(RaftServer server, Function<RaftGroupId, @Nullable GroupMachine> groups) {
    this.server = server;
    this.groups = groups;
  }

  /**
   * The same server, for Ratis's transport.
   *
   * @param groups those of this node
   */
  static RaftServer inOrder(
      RaftServer server, Function<RaftGroupId, @Nullable GroupMachine> groups) {
    return (RaftServer)
        Proxy.newProxyInstance(
            RaftServer.class.getClassLoader(),
            new Class<?>[] {RaftServer.class},
            new Appends(server, groups));
  }

  @Override
  public @Nullable Object invoke(Object proxy, Method method, Object @Nullable [] arguments)
      throws Throwable {
    if (method.getName().equals("appendEntriesAsync")
        && arguments != null
        && arguments[0] instanceof AppendEntriesRequestProto request) {
      return append(request);
    }
    try {
      return method.invoke(server, arguments);
    } catch (InvocationTargetException e) {
      throw e.getCause();
    }
  }

  private CompletableFuture<AppendEntriesReplyProto> append(AppendEntriesRequestProto request)
      throws IOException {
    GroupMachine group =
        groups.apply(RaftGroupId.valueOf(request.getServerRequest().getRaftGroupId().getId()));
    return group == null
        ? server.appendEntriesAsync(request)
        : group.take(request, () -> server.appendEntriesAsync(request));
  }
}
