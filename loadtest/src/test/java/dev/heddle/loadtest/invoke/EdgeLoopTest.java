package dev.heddle.loadtest.invoke;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.heddle.process.HostPort;
import dev.heddle.process.Ticker;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(300)
class EdgeLoopTest {
  private static final String EVENT = "{\"n\":1}";

  private final AtomicInteger calls = new AtomicInteger();
  private final Set<String> cookies = ConcurrentHashMap.newKeySet();
  private ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private HttpServer server = start();

  private static HttpServer start() {
    try {
      return HttpServer.create(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 0), 0);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  @BeforeEach
  void serve() {
    server.setExecutor(threads);
    server.createContext("/run/echo", exchange -> echo(exchange, false));
    server.createContext("/run/chunked", exchange -> echo(exchange, true));
    server.createContext("/run/broken", this::fail);
    server.start();
  }

  @AfterEach
  void stop() {
    server.stop(0);
    threads.shutdownNow();
  }

  private HostPort address() {
    return new HostPort("127.0.0.1", server.getAddress().getPort());
  }

  private void echo(HttpExchange exchange, boolean chunked) throws IOException {
    int number = calls.incrementAndGet();
    var cookie = exchange.getRequestHeaders().getFirst("Cookie");
    if (cookie == null) {
      exchange.getResponseHeaders().add("Set-Cookie", "session=s" + number + "; Path=/");
    } else {
      cookies.add(cookie);
    }
    var body = exchange.getRequestBody().readAllBytes();
    exchange.sendResponseHeaders(200, chunked ? 0 : body.length);
    exchange.getResponseBody().write(body);
    exchange.close();
  }

  private void fail(HttpExchange exchange) throws IOException {
    var _ = exchange.getRequestBody().readAllBytes();
    exchange.sendResponseHeaders(500, -1);
    exchange.close();
  }

  private LoopRequest request(String function) {
    return LoopRequest.post(address(), "/run/" + function, EVENT);
  }

  private EdgeLoop loop(int clients) {
    return new EdgeLoop(address(), clients, request("echo"), Ticker.system());
  }

  @Test
  void sendsExactlyWhatItIsToldAndKeepsOneSessionForEachClient() {
    try (var loop = loop(3)) {
      var outcome = loop.count(request("echo"), EVENT, 50);

      assertEquals(0, outcome.failures().size(), outcome.failures()::toString);
      assertEquals(50, outcome.times().percentiles().count());
      assertEquals(3, outcome.first().percentiles().count());
      assertEquals(53, calls.get());
      assertEquals(Set.of("session=s1", "session=s2", "session=s3"), cookies);
      assertTrue(outcome.perSecond() > 0);
    }
  }

  @Test
  void readsRepliesInChunks() {
    try (var loop = loop(2)) {
      var outcome = loop.count(request("chunked"), EVENT, 20);

      assertEquals(0, outcome.failures().size(), outcome.failures()::toString);
      assertEquals(20, outcome.times().percentiles().count());
    }
  }

  @Test
  void waitsForTheRepliesOfWhatWasSentWhenTheTimeIsUp() {
    try (var loop = loop(4)) {
      var outcome = loop.last(request("echo"), EVENT, 1);

      assertEquals(0, outcome.failures().size(), outcome.failures()::toString);
      assertEquals(calls.get() - 4, outcome.times().percentiles().count());
    }
  }

  @Test
  void tellsOtherRepliesThanTheExpectedOnes() {
    try (var loop = loop(1)) {
      var wrong = loop.count(request("echo"), "another", 2);
      var broken = loop.count(request("broken"), "", 1);

      assertEquals(2, wrong.failures().size());
      assertTrue(wrong.failures().getFirst().contains(EVENT), wrong.failures()::toString);
      assertTrue(broken.failures().getFirst().contains("500"), broken.failures()::toString);
    }
  }
}
