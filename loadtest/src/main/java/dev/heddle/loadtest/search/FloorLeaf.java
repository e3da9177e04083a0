package dev.heddle.loadtest.search;

import dev.heddle.process.Threads;
import io.grpc.netty.NettyServerBuilder;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executors;

/**
 * A process with some of the plain Lucene indexes behind plain gRPC. Ends when its input does, so
 * with the process that started it.
 */
public final class FloorLeaf {
  private FloorLeaf() {}

  /**
   * Serves until its input ends.
   *
   * @param arguments the port, and the indexes' folders
   */
  public static void main(String[] arguments) throws IOException {
    var shards = new ArrayList<LuceneIndex>();
    for (var path : List.of(arguments).subList(1, arguments.length)) {
      shards.add(LuceneIndex.open(Path.of(path)));
    }
    var address =
        new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), Integer.parseInt(arguments[0]));
    var server =
        NettyServerBuilder.forAddress(address)
            .executor(Executors.newThreadPerTaskExecutor(Threads.virtual("floor")))
            .addService(FloorGrpcService.over(new FanOut(shards)))
            .build()
            .start();
    while (System.in.read() >= 0) {
      // Nothing is sent.
    }
    var _ = server.shutdownNow();
  }
}
