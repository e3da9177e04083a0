package dev.heddle.cli.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.process.HostPort;
import dev.heddle.v1.ChangeSessionRequest;
import dev.heddle.v1.CookieSessionsGrpc;
import dev.heddle.v1.EndSessionRequest;
import dev.heddle.v1.GetSessionRequest;
import dev.heddle.v1.ListSessionsRequest;
import dev.heddle.v1.SessionChange;
import java.net.CookieManager;
import java.net.CookiePolicy;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(300)
class SharedSessionTest {
  @TempDir Path directory;

  @Test
  void twoGatewaysShareOneCookieSessionAndLoseNoChange() throws Exception {
    var counter = Sources.counter(Files.createDirectory(directory.resolve("counter")));
    try (var cluster = new TestCluster(directory.resolve("cluster"), 1)) {
      Sources.deploy(cluster.grpc(), counter);
      var one = new HostPort("127.0.0.1", TestCluster.freePort());
      var two = new HostPort("127.0.0.1", TestCluster.freePort());
      var members = List.of(one.toString(), two.toString());
      // One cookie jar for both: a browser keeps cookies by host, whatever the port.
      var cookies = new CookieManager(null, CookiePolicy.ACCEPT_ALL);
      try (var first = new Edge(cluster.startGateway("gateway-1", one, members), cookies);
          var second = new Edge(cluster.startGateway("gateway-2", two, members), cookies);
          var callers = Executors.newFixedThreadPool(8)) {
        assertEquals(1, count(first));
        assertEquals(2, count(second));
        assertEquals(1, cookies.getCookieStore().get(URI.create("http://127.0.0.1/")).size());
        List<Callable<Long>> calls = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
          var edge = i % 2 == 0 ? first : second;
          calls.add(() -> count(edge));
        }
        List<Long> counts = new ArrayList<>();
        for (var call : callers.invokeAll(calls, 240, TimeUnit.SECONDS)) {
          counts.add(call.get());
        }
        assertEquals(100, counts.stream().distinct().count());
        assertEquals(103, count(first));
        administered(cluster, first);
        // Another browser has another session.
        try (var stranger = new Edge(cluster.startGateway("gateway-3"), new CookieManager())) {
          assertEquals(1, count(stranger));
        }
      }
    }
  }

  /** What services see of the session is what gateways and functions do. */
  private static void administered(TestCluster cluster, Edge browser) throws Exception {
    var sessions =
        CookieSessionsGrpc.newBlockingStub(cluster.grpc()).withDeadlineAfter(60, TimeUnit.SECONDS);
    var listed = sessions.list(ListSessionsRequest.getDefaultInstance());
    assertTrue(listed.getComplete());
    assertEquals(1, listed.getSessionsCount(), listed.toString());
    String id = listed.getSessions(0).getSession();
    var found = sessions.get(GetSessionRequest.newBuilder().setSession(id).build());
    String attribute = found.getAttributesMap().keySet().iterator().next();
    assertEquals("103", found.getAttributesOrThrow(attribute));
    var change = SessionChange.newBuilder().setName(attribute).setExpected("103").setValue("200");
    var request = ChangeSessionRequest.newBuilder().setSession(id).addChanges(change).build();
    assertTrue(sessions.change(request).getApplied());
    assertFalse(sessions.change(request).getApplied(), "it is another value by now");
    assertEquals(201, count(browser));
    var ended = sessions.end(EndSessionRequest.newBuilder().setSession(id).build());
    assertTrue(ended.getEnded() && ended.getComplete());
    assertEquals(1, count(browser), "a new session");
  }

  private static long count(Edge edge) throws Exception {
    var response = edge.post("/run/counter", "{}");
    assertEquals(200, response.statusCode(), response.body());
    return Edge.json(response).path("count").asLong();
  }
}
