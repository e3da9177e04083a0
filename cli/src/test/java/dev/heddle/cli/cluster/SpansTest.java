package dev.heddle.cli.cluster;

import static dev.heddle.process.testing.Eventually.within;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.cli.node.Node;
import dev.heddle.process.Channels;
import dev.heddle.process.Credentials;
import dev.heddle.process.RequestContext;
import dev.heddle.process.TraceContext;
import dev.heddle.process.testing.SpanCollectorWire;
import dev.heddle.process.testing.SpanCollectorWire.Received;
import dev.heddle.v1.Clause;
import dev.heddle.v1.Match;
import dev.heddle.v1.QueryGrpc;
import dev.heddle.v1.QueryRequest;
import dev.heddle.v1.QueryResponse;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.json.JsonMapper;

/** What a collector gets from a cluster in which each request that says so is traced. */
@Timeout(240)
class SpansTest {
  private static final long SEED = 20261122;
  private static final String INTERNAL = "1";
  private static final String SERVER = "2";
  private static final String CLIENT = "3";
  private static final String EXECUTE = "heddle.internal.v1.Scatter/Execute";
  private static final String INVOKE_LEAF = "heddle.internal.v1.Invoker/Invoke";

  @TempDir private static Path directory;
  private static final SpanCollectorWire COLLECTOR = new SpanCollectorWire();
  private static TestCluster cluster;
  private static Node gateway;

  @BeforeAll
  static void start() throws Exception {
    var tracing = "tracing: {endpoint: \"" + COLLECTOR.endpoint() + "\", sample: 0}\n";
    cluster = new TestCluster(directory.resolve("cluster"), 3, false, tracing);
    gateway = cluster.startGateway("gateway");
    Books.loadEverywhere(cluster, "books", 3, 1, new Books(SEED).items(200));
  }

  @AfterAll
  static void stop() {
    cluster.close();
    COLLECTOR.close();
  }

  private static TraceContext caller() {
    var fresh = TraceContext.create();
    return new TraceContext(fresh.traceId(), fresh.spanId(), true);
  }

  private static HttpResponse<String> post(
      TraceContext caller, String path, String accept, String body) throws Exception {
    try (var client = HttpClient.newHttpClient()) {
      return client.send(
          HttpRequest.newBuilder(URI.create("http://" + gateway.http().orElseThrow() + path))
              .timeout(Duration.ofMinutes(2))
              .header("content-type", "application/json")
              .header("accept", accept)
              .header("traceparent", caller.traceparent())
              .POST(BodyPublishers.ofString(body))
              .build(),
          BodyHandlers.ofString());
    }
  }

  private static List<Received> of(TraceContext trace) {
    return COLLECTOR.spans().stream()
        .filter(span -> span.traceId().equals(trace.traceId()))
        .toList();
  }

  /** The spans of a trace, once this many of them match: each process sends its own. */
  private static List<Received> await(TraceContext trace, long count, Predicate<Received> which) {
    return await(trace, spans -> spans.stream().filter(which).count() == count);
  }

  private static List<Received> await(TraceContext trace, Predicate<List<Received>> enough) {
    try {
      within(
          Duration.ofSeconds(60),
          "spans",
          () -> enough.test(of(trace)) && connected(of(trace), trace));
    } catch (AssertionError e) {
      throw new AssertionError("not enough spans: " + edges(of(trace)), e);
    }
    return of(trace);
  }

  /** Whether leaves were called, and each that was called first tells of it. */
  private static boolean everyFirstCallArrived(List<Received> spans) {
    var parents = spans.stream().map(Received::parentId).collect(Collectors.toSet());
    var first =
        spans.stream()
            .filter(span -> "first".equals(span.attributes().get("heddle.attempt.kind")))
            .toList();
    return !first.isEmpty() && first.stream().allMatch(span -> parents.contains(span.spanId()));
  }

  /** Those that have shards of the dataset. */
  private static Set<String> leaves() {
    return new Documents(cluster, "books")
        .shards().stream()
            .flatMap(shard -> shard.getNodesList().stream())
            .collect(Collectors.toSet());
  }

  /** Whether one span is of the caller, and all others are below it. */
  private static boolean connected(List<Received> spans, TraceContext caller) {
    var ids = spans.stream().map(Received::spanId).collect(Collectors.toSet());
    var roots = spans.stream().filter(span -> !ids.contains(span.parentId())).toList();
    return ids.size() == spans.size()
        && roots.size() == 1
        && roots.getFirst().parentId().equals(caller.spanId());
  }

  /** Each span as what it is below: node, kind and name, and its parent's. */
  private static Set<String> edges(List<Received> spans) {
    var byId = new TreeMap<String, Received>();
    spans.forEach(span -> byId.put(span.spanId(), span));
    var edges = new TreeSet<String>();
    for (var span : spans) {
      var parent = byId.get(span.parentId());
      edges.add((parent == null ? "caller" : door(parent)) + " > " + door(span));
    }
    return edges;
  }

  private static String door(Received span) {
    return span.node() + " " + span.kind() + " " + span.name();
  }

  @Test
  void aStreamedQueryOverHttpIsOneTreeOfTheDoorsThatItWentThrough() throws Exception {
    var caller = caller();
    var response =
        post(
            caller,
            "/v1/datasets/books/query",
            "text/event-stream",
            "{\"query\": {\"all\": {}}, \"k\": 5}");
    assertEquals(200, response.statusCode(), response::body);
    var spans = await(caller, SpansTest::everyFirstCallArrived);
    var edges = edges(spans);
    var http = "gateway " + SERVER + " POST /v1/datasets/{dataset}/query";
    var query = "head " + SERVER + " heddle.v1.Query/Improve";
    var attempt = "head " + CLIENT + " " + EXECUTE;
    assertTrue(edges.contains("caller > " + http), edges::toString);
    assertTrue(edges.contains(http + " > " + query), edges::toString);
    assertTrue(edges.contains(query + " > " + attempt), edges::toString);
    var nodes =
        spans.stream()
            .filter(span -> door(span).equals(attempt))
            .filter(span -> "first".equals(span.attributes().get("heddle.attempt.kind")))
            .map(span -> span.attributes().get("heddle.node"))
            .collect(Collectors.toSet());
    assertEquals(leaves(), nodes);
    for (var leaf : nodes) {
      var door = leaf + " " + SERVER + " " + EXECUTE;
      assertTrue(edges.contains(attempt + " > " + door), edges::toString);
    }
    var root = spans.stream().filter(span -> door(span).equals(http)).findAny().orElseThrow();
    assertEquals("200", root.attributes().get("http.response.status_code"));
    assertEquals("/v1/datasets/{dataset}/query", root.attributes().get("http.route"));
  }

  @Test
  void aRefusedRequestSaysWhyAtTheDoor() throws Exception {
    var caller = caller();
    var response =
        post(caller, "/v1/datasets/none/query", "application/json", "{\"query\": {\"all\": {}}}");
    assertEquals(404, response.statusCode(), response::body);
    var spans = await(caller, 2, span -> span.error().equals("UNKNOWN_DATASET"));
    assertEquals(2, spans.size(), spans::toString);
  }

  private static void deploy(String name, String body) throws Exception {
    String type = name.substring(0, 1).toUpperCase(java.util.Locale.ROOT) + name.substring(1);
    var _ =
        Sources.deploy(
            cluster.grpc(),
            Sources.compile(
                Files.createTempDirectory(directory, name),
                "name: " + name + "\nruntime: java\nentry: sample." + type + "\n",
                "sample." + type,
                """
                package sample;
                import dev.heddle.function.*;
                import java.util.Map;
                public final class %s implements Handler {
                  public Object handle(Event event, Context context) throws Exception {
                    %s
                  }
                }
                """
                    .formatted(type, body)));
  }

  @Test
  void aFunctionThatCallsAnotherIsAboveItInTheSameTree() throws Exception {
    deploy("inner", "return context.traceparent();");
    deploy(
        "outer",
        "return Map.of(\"own\", context.traceparent(),"
            + " \"inner\", context.invoke(\"inner\", Map.of()));");
    var caller = caller();
    var response = post(caller, "/run/outer", "application/json", "{}");
    assertEquals(200, response.statusCode(), response::body);
    var spans = await(caller, 2, span -> span.name().startsWith("invoke "));
    var told = JsonMapper.shared().readTree(response.body());
    var invocations =
        spans.stream()
            .filter(span -> span.name().startsWith("invoke "))
            .collect(Collectors.toMap(Received::name, span -> span));
    assertEquals(Set.of("invoke inner", "invoke outer"), invocations.keySet());
    var ids = Map.of("own", "invoke outer", "inner", "invoke inner");
    ids.forEach((field, name) -> {
      var span = Objects.requireNonNull(invocations.get(name));
      assertEquals(
          "00-" + caller.traceId() + "-" + span.spanId() + "-01", told.path(field).asString());
      assertEquals(INTERNAL, Long.toString(span.kind()));
      assertEquals("java", span.attributes().get("heddle.runtime"));
      assertEquals("true", span.attributes().get("faas.coldstart"));
      assertEquals(64, String.valueOf(span.attributes().get("faas.version")).length());
      assertTrue(span.attributes().containsKey("heddle.queue_micros"), span::toString);
    });
    // From the outer invocation through a coordinator and a leaf to the inner one.
    var above = path(spans, Objects.requireNonNull(invocations.get("invoke inner")));
    assertEquals(
        List.of(
            "invoke inner",
            INVOKE_LEAF,
            INVOKE_LEAF,
            "heddle.internal.v1.Calls/Invoke",
            "invoke outer",
            INVOKE_LEAF,
            INVOKE_LEAF,
            "heddle.v1.Invocations/Invoke"),
        above.subList(0, 8));
    assertTrue(above.getLast().startsWith("POST /run/"), above::toString);
  }

  private static List<String> path(List<Received> spans, Received from) {
    var names = new java.util.ArrayList<String>();
    for (Received at = from; at != null; at = parent(spans, at)) {
      names.add(at.name());
    }
    return names;
  }

  private static @org.jspecify.annotations.Nullable Received parent(
      List<Received> spans, Received of) {
    return spans.stream()
        .filter(span -> span.spanId().equals(of.parentId()))
        .findAny()
        .orElse(null);
  }

  @Test
  void aPartThatACoordinatorHandsOnIsBetweenTheQueryAndItsLeaves() throws Exception {
    var _ = cluster.startCoordinator("mid", "");
    var tree =
        cluster.startCoordinator("tree", "coordinator: {scatter: {fan-in: 2, hedging: none}}\n");
    var query =
        QueryRequest.newBuilder()
            .setDataset("books")
            .setQuery(
                Clause.newBuilder().setMatch(Match.newBuilder().addFields("body").setText("a")))
            .setK(5)
            .build();
    try (var channels = new Channels(Credentials.none())) {
      within(
          Duration.ofSeconds(60),
          "a query in a tree",
          () -> {
            var caller = caller();
            run(channels, tree, caller, query);
            var spans = of(await(caller));
            return spans.stream()
                .filter(span -> span.node().startsWith("leaf-"))
                .anyMatch(leaf -> handed(path(spans, leaf)));
          });
    }
  }

  private static TraceContext await(TraceContext caller) {
    var _ = await(caller, 1, span -> span.name().equals("heddle.v1.Query/Run"));
    return caller;
  }

  /** The query, the call for a part, the part, the call to a leaf, the leaf: from below. */
  private static boolean handed(List<String> path) {
    return path.equals(List.of(EXECUTE, EXECUTE, EXECUTE, EXECUTE, "heddle.v1.Query/Run"));
  }

  private static QueryResponse run(
      Channels channels, Node node, TraceContext caller, QueryRequest query) throws Exception {
    return new RequestContext(RequestContext.DEFAULT_TENANT, caller)
        .asContext()
        .call(() ->
            QueryGrpc.newBlockingStub(channels.to(node.grpc().orElseThrow().toString()))
                .withDeadlineAfter(60, TimeUnit.SECONDS)
                .run(query));
  }
}
