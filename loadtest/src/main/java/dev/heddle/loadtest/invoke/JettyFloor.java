package dev.heddle.loadtest.invoke;

import dev.heddle.loadtest.chaos.FreePorts;
import dev.heddle.loadtest.peer.ServerProcess;
import dev.heddle.process.Ticker;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.util.VirtualThreads;
import org.eclipse.jetty.util.thread.QueuedThreadPool;

/**
 * A bare Jetty with virtual threads, as a process of its own: {@code /sleep?n=} waits so many
 * milliseconds, {@code /spin?n=} does so many steps of fixed work. Ends when its input does, so
 * with the process that started it.
 */
public final class JettyFloor {
  /** In every right answer. */
  static final String REPLY = "done";

  private static final int BACKLOG = 1_024;

  private JettyFloor() {}

  /** Starts it, and waits until it listens. */
  static ServerProcess start(Path directory, FreePorts ports, Ticker ticker) {
    var at = ports.next("127.0.0.1");
    return ServerProcess.start(
        ServerProcess.Plan.java(
            "jetty",
            List.of("-Xmx512m", JettyFloor.class.getName(), Integer.toString(at.port())),
            System.getProperty("java.class.path"),
            directory.resolve("jetty.log"),
            at),
        ticker);
  }

  /**
   * Serves until its input ends.
   *
   * @param arguments the port
   */
  public static void main(String[] arguments) throws Exception {
    var threads = new QueuedThreadPool();
    threads.setVirtualThreadsExecutor(VirtualThreads.getDefaultVirtualThreadsExecutor());
    var server = new Server(threads);
    var connector = new ServerConnector(server);
    connector.setHost("127.0.0.1");
    connector.setPort(Integer.parseInt(arguments[0]));
    connector.setAcceptQueueSize(BACKLOG);
    connector.setIdleTimeout(TimeUnit.MINUTES.toMillis(10));
    server.addConnector(connector);
    server.setHandler(new Work());
    server.start();
    while (System.in.read() >= 0) {
      // Nothing is sent.
    }
    server.stop();
  }

  private static final class Work extends Handler.Abstract {
    private final CountDownLatch never = new CountDownLatch(1);

    @Override
    public boolean handle(Request request, Response response, Callback callback)
        throws InterruptedException {
      var given = Request.extractQueryParameters(request).getValue("n");
      long n = given == null ? 0 : Long.parseLong(given);
      var reply = REPLY;
      if (request.getHttpURI().getPath().equals("/spin")) {
        // The result is sent, or it needed not be computed.
        reply = REPLY + FixedWork.run(n);
      } else {
        var _ = never.await(n, TimeUnit.MILLISECONDS);
      }
      response.getHeaders().put(HttpHeader.CONTENT_TYPE, "text/plain");
      Content.Sink.write(response, true, reply, callback);
      return true;
    }
  }
}
