package dev.heddle.loadtest.gateway;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.heddle.loadtest.chaos.FreePorts;
import dev.heddle.loadtest.peer.ServerProcess;
import dev.heddle.process.Ticker;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.util.VirtualThreads;
import org.eclipse.jetty.util.thread.QueuedThreadPool;
import org.eclipse.jetty.websocket.api.Session;
import org.eclipse.jetty.websocket.server.WebSocketUpgradeHandler;

/**
 * A bare Jetty with virtual threads, as a process of its own: {@code /echo} sends frames back,
 * {@code /sub} gets what is POSTed to {@code /pub}, as do the GETs that wait at {@code /poll}, of
 * which {@code /waiting} says how many there are. Ends when its input does, so with the process
 * that started it.
 */
public final class JettySocketFloor {
  private static final int BACKLOG = 4_096;
  private static final Duration IDLE = Duration.ofMinutes(20);

  private JettySocketFloor() {}

  /** Starts it, and waits until it listens. */
  static ServerProcess start(Path directory, FreePorts ports, Ticker ticker) {
    return Floors.start("jetty", JettySocketFloor.class, directory, ports, ticker);
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
    connector.setIdleTimeout(IDLE.toMillis());
    server.addConnector(connector);
    var work = new Work();
    var upgrade =
        WebSocketUpgradeHandler.from(
            server,
            container -> {
              container.setIdleTimeout(IDLE);
              container.addMapping("/echo", (_, _, _) -> new Echo());
              container.addMapping("/sub", (_, _, _) -> new Subscriber(work.subscribers));
            });
    upgrade.setHandler(work);
    server.setHandler(upgrade);
    server.start();
    Floors.awaitEndOfInput();
    System.exit(0);
  }

  /** Sends frames back. */
  public static final class Echo extends Session.Listener.AbstractAutoDemanding {
    @Override
    public void onWebSocketText(String text) {
      getSession().sendText(text, org.eclipse.jetty.websocket.api.Callback.NOOP);
    }
  }

  /** Gets what is published. */
  public static final class Subscriber extends Session.Listener.AbstractAutoDemanding {
    private final Set<Session> all;

    Subscriber(Set<Session> all) {
      this.all = all;
    }

    @Override
    public void onWebSocketOpen(Session session) {
      super.onWebSocketOpen(session);
      all.add(session);
    }

    @Override
    public void onWebSocketClose(
        int code, String reason, org.eclipse.jetty.websocket.api.Callback callback) {
      all.remove(getSession());
      callback.succeed();
    }
  }

  private static final class Work extends Handler.Abstract {
    private final Set<Session> subscribers = ConcurrentHashMap.newKeySet();
    private final Queue<Poll> polls = new ConcurrentLinkedQueue<>();

    private record Poll(Response response, Callback callback) {}

    @Override
    public boolean handle(Request request, Response response, Callback callback) throws Exception {
      switch (request.getHttpURI().getPath()) {
        case "/pub" -> {
          var message = Content.Source.asString(request, UTF_8);
          subscribers.forEach(
              each -> each.sendText(message, org.eclipse.jetty.websocket.api.Callback.NOOP));
          // Taken first: who has its answer asks again at once, and waits for the next message.
          var waiting = new ArrayList<Poll>();
          for (var poll = polls.poll(); poll != null; poll = polls.poll()) {
            waiting.add(poll);
          }
          for (var poll : waiting) {
            Content.Sink.write(poll.response(), true, message, poll.callback());
          }
          callback.succeeded();
        }
        case "/poll" -> polls.add(new Poll(response, callback));
        default -> Content.Sink.write(response, true, Integer.toString(polls.size()), callback);
      }
      return true;
    }
  }
}
