package dev.heddle.cli.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import dev.heddle.cli.client.FunctionPackage;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.GrpcErrors;
import dev.heddle.process.GrpcMetadata;
import dev.heddle.process.Started;
import dev.heddle.v1.Bill;
import dev.heddle.v1.Function;
import dev.heddle.v1.FunctionAlias;
import dev.heddle.v1.FunctionLogLine;
import dev.heddle.v1.FunctionLogsRequest;
import dev.heddle.v1.FunctionsGrpc;
import dev.heddle.v1.InvocationsGrpc;
import dev.heddle.v1.InvokeRequest;
import dev.heddle.v1.InvokeResponse;
import dev.heddle.v1.RollbackRequest;
import dev.heddle.v1.SetAliasRequest;
import dev.heddle.v1.WeightedVersion;
import io.grpc.Context;
import io.grpc.StatusRuntimeException;
import java.io.PrintWriter;
import java.net.CookieManager;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Functions in a cluster of two leaves, a coordinator and a gateway, each a node of its own. */
class FunctionsTest {
  @TempDir private static Path directory;
  private static TestCluster cluster;
  private static Edge edge;

  @BeforeAll
  static void start() throws Exception {
    cluster = new TestCluster(directory.resolve("cluster"), 2);
    edge = new Edge(cluster.startGateway("gateway"), new CookieManager());
    Books.create(cluster.grpc(), "books", 2);
    deploy(
        "shelf",
        "",
        """
        Object id = event.object().get("id");
        if (event.object().has("title")) {
          long version = context.data().put(
              "books", (String) id, Map.of("title", event.object().get("title")));
          return Map.of("version", version);
        }
        var found = context.data().query(
            "books", Map.of("query", Map.of("match", Map.of("title", event.object().get("find")))));
        var first = (List<?>) found.get("hits");
        return Map.of(
            "hits", first.size(),
            "got", context.data().get("books", (String) id).isPresent());
        """);
    deploy(
        "caller",
        "environment: {GREETING: Hello}\n",
        """
        context.log("calls with " + event.json());
        Object inner = context.invoke("shelf", event.json());
        return Map.of("inner", inner, "greeting", context.environment().get("GREETING"));
        """);
    deploy(
        "deeper",
        "",
        """
        long depth = ((Number) event.object().get("depth")).longValue();
        return context.invoke("deeper", Map.of("depth", depth + 1));
        """);
    deploy("breaks", "", "throw new IllegalStateException(\"on purpose\");");
    deploy(
        "halfway",
        "",
        """
        context.data().put(
            "books", (String) event.object().get("id"), Map.of("title", "Half of Middlemarch"));
        throw new IllegalStateException("on purpose");
        """);
    deploy(
        "forgives",
        "",
        """
        try {
          return context.invoke("halfway", event.json());
        } catch (RuntimeException e) {
          return "forgiven";
        }
        """);
    deploy("publisher", "", "context.publish(\"news\", event.json()); return null;");
    deploy(
        "site",
        "event: http\norigins: [\"https://shop.example\"]\n",
        """
        var http = (JsonObject) ((JsonObject) event.object().get("requestContext")).get("http");
        return Map.of(
            "statusCode", 202,
            "headers", Map.of("Content-Type", "text/plain"),
            "body", http.get("method") + " " + event.object().get("rawPath"));
        """);
  }

  @AfterAll
  static void stop() {
    edge.close();
    cluster.close();
  }

  private static Function deploy(String name, String manifest, String body) throws Exception {
    String type = name.substring(0, 1).toUpperCase(java.util.Locale.ROOT) + name.substring(1);
    Path folder = Files.createTempDirectory(directory, name);
    return Sources.deploy(
        cluster.grpc(),
        Sources.compile(
            folder,
            "name: " + name + "\nruntime: java\nentry: sample." + type + "\n" + manifest,
            "sample." + type,
            """
            package sample;
            import dev.heddle.function.*;
            import java.util.List;
            import java.util.Map;
            public final class %s implements Handler {
              public Object handle(Event event, Context context) throws Exception {
                %s
              }
            }
            """
                .formatted(type, body)));
  }

  private static InvokeResponse invoke(String function, String event) {
    return InvocationsGrpc.newBlockingStub(cluster.grpc())
        .withDeadlineAfter(60, TimeUnit.SECONDS)
        .invoke(
            InvokeRequest.newBuilder()
                .setFunction(function)
                .setEventJson(ByteString.copyFromUtf8(event))
                .build());
  }

  private static JsonNode result(InvokeResponse response) {
    return JsonMapper.shared().readTree(response.getResultJson().toStringUtf8());
  }

  private static StatusRuntimeException fails(ErrorCode code, String function, String event) {
    var failure = assertThrows(StatusRuntimeException.class, () -> invoke(function, event));
    var error = GrpcErrors.fromStatus(failure);
    assertEquals(code, error.code(), error::getMessage);
    return failure;
  }

  @Test
  void aFunctionReadsWhatItAndItsCalleesHaveWritten() {
    var written = invoke("caller", "{\"id\": \"emma\", \"title\": \"Emma of Hartfield\"}");
    assertTrue(result(written).at("/inner/version").longValue() > 0);
    assertEquals("Hello", result(written).path("greeting").asString());
    assertFalse(written.getPositionToken().isEmpty());
    // On whatever replica, with the token of the write.
    var stub =
        InvocationsGrpc.newBlockingStub(cluster.grpc())
            .withDeadlineAfter(60, TimeUnit.SECONDS)
            .withInterceptors(
                io.grpc.stub.MetadataUtils.newAttachHeadersInterceptor(
                    position(written.getPositionToken())));
    var read =
        stub.invoke(
            InvokeRequest.newBuilder()
                .setFunction("shelf")
                .setEventJson(
                    ByteString.copyFromUtf8("{\"id\": \"emma\", \"find\": \"hartfield\"}"))
                .build());
    assertEquals(1, result(read).path("hits").intValue());
    assertTrue(result(read).path("got").booleanValue());
    assertTrue(read.getBill().getDocumentsScanned() > 0 || read.getBill().getActiveNanos() > 0);
  }

  private static io.grpc.Metadata position(String token) {
    var headers = new io.grpc.Metadata();
    headers.put(GrpcMetadata.POSITION, token);
    return headers;
  }

  @Test
  void aBillHoldsThoseOfTheCallsWithin() {
    var alone = invoke("shelf", "{\"id\": \"x\", \"title\": \"X\"}").getBill();
    var whole = invoke("caller", "{\"id\": \"x\", \"title\": \"X\"}").getBill();
    assertTrue(alone.getActiveNanos() > 0);
    // 128 MiB each by default: the parts add up without a remainder.
    assertEquals(whole.getActiveNanos() * 128, whole.getMemoryMibNanos());
    assertTrue(whole.getParkedNanos() > 0, whole::toString);
    assertTrue(whole.getCostPicos() > 0);
    assertTrue(whole.getComplete());
  }

  @Test
  void runsAModuleThatWasCompiledAtTheDeploy() {
    var module = Path.of("..", "kits", "wat", "echo.wasm");
    var flags = Map.<String, Object>of("name", "echo", "kind", "handler");
    var function =
        FunctionPackage.read(
            module, flags, new PrintWriter(System.err, true, StandardCharsets.UTF_8));
    var deployed = Sources.deploy(cluster.grpc(), function);
    assertEquals("wasm", deployed.getRuntime());
    assertTrue(deployed.getVersions(0).getCompiledBytes() > 0);
    for (int i = 0; i < 10; i++) {
      var response = invoke("echo", "{\"n\":" + i + "}");
      assertTrue(result(response).toString().contains("" + i), response::toString);
      assertTrue(response.getBill().getActiveNanos() > 0);
    }
  }

  @Test
  void callsWithinCallsEndAtEightLevels() {
    var failure = fails(ErrorCode.LIMIT_REACHED, "deeper", "{\"depth\": 0}");
    assertTrue(
        String.valueOf(failure.getStatus().getDescription()).contains("deep"), failure::getMessage);
  }

  @Test
  void aFailedCallHasABillAnIdAndAVersion() throws Exception {
    var failure = fails(ErrorCode.FUNCTION_FAILED, "breaks", "{}");
    assertTrue(String.valueOf(failure.getStatus().getDescription()).contains("breaks@"));
    var trailers = Objects.requireNonNull(failure.getTrailers());
    var bill = Bill.parseFrom(Objects.requireNonNull(trailers.get(GrpcMetadata.BILL)));
    assertTrue(bill.getActiveNanos() > 0);
    assertFalse(String.valueOf(trailers.get(GrpcMetadata.INVOCATION)).isEmpty());
    HttpResponse<String> overHttp = edge.post("/run/breaks", "{}");
    assertEquals(500, overHttp.statusCode());
    assertTrue(overHttp.headers().firstValue("heddle-bill").orElse("").startsWith("active="));
    assertEquals(
        trailers.get(GrpcMetadata.FUNCTION_VERSION),
        overHttp.headers().firstValue("heddle-function-version").orElse(""));
  }

  @Test
  void aFailedCallTellsWhatItHasWrittenAndThatItRan() throws Exception {
    var failure = fails(ErrorCode.FUNCTION_FAILED, "halfway", "{\"id\": \"half\"}");
    assertEquals(Started.YES, Started.of(failure));
    assertFinds("middlemarch", GrpcErrors.fromStatus(failure).position());
    HttpResponse<String> overHttp = edge.post("/run/halfway", "{\"id\": \"half\"}");
    assertEquals(500, overHttp.statusCode());
    assertEquals("yes", overHttp.headers().firstValue("heddle-started").orElse(""));
    assertFinds("middlemarch", overHttp.headers().firstValue("heddle-position").orElse(""));
    HttpResponse<String> unknown = edge.post("/run/nothing", "{}");
    assertEquals(404, unknown.statusCode());
    assertEquals("no", unknown.headers().firstValue("heddle-started").orElse(""));
  }

  @Test
  void whatACalleeWroteBeforeItFailedIsInItsCallersToken() {
    var forgiven = invoke("forgives", "{\"id\": \"half\"}");
    assertEquals("forgiven", result(forgiven).asString());
    assertFinds("middlemarch", forgiven.getPositionToken());
  }

  /** A search, on whatever replica, that has to have seen what the token says. */
  private static void assertFinds(String word, String token) {
    assertFalse(token.isEmpty());
    var read =
        InvocationsGrpc.newBlockingStub(cluster.grpc())
            .withDeadlineAfter(60, TimeUnit.SECONDS)
            .withInterceptors(
                io.grpc.stub.MetadataUtils.newAttachHeadersInterceptor(position(token)))
            .invoke(
                InvokeRequest.newBuilder()
                    .setFunction("shelf")
                    .setEventJson(
                        ByteString.copyFromUtf8("{\"id\": \"half\", \"find\": \"" + word + "\"}"))
                    .build());
    assertEquals(1, result(read).path("hits").intValue());
  }

  @Test
  void whatAScatterModuleWritesOnLeavesAndCoordinatorIsInItsLog() throws Exception {
    try (var module = FunctionsTest.class.getResourceAsStream("speaks.wasm")) {
      var file = Files.createTempDirectory(directory, "speaks").resolve("speaks.wasm");
      Files.write(file, Objects.requireNonNull(module).readAllBytes());
      var messages = new PrintWriter(System.err, true, StandardCharsets.UTF_8);
      Sources.deploy(
          cluster.grpc(), FunctionPackage.read(file, Map.of("name", "speaks"), messages));
    }
    HttpResponse<String> answer =
        edge.post(
            "/v1/datasets/books/query", "{\"query\": {\"all\": {}}, \"function\": \"speaks\"}");
    var read = JsonMapper.shared().readTree(answer.body());
    assertTrue(read.path("result").booleanValue(), answer.body());
    List<FunctionLogLine> lines = new ArrayList<>();
    functions()
        .logs(FunctionLogsRequest.newBuilder().setFunction("speaks").build())
        .forEachRemaining(lines::add);
    // One of each shard, where it is, and one of the answer.
    assertEquals(
        List.of("finish", "leaf", "leaf"),
        lines.stream().map(FunctionLogLine::getText).sorted().toList());
    for (var line : lines) {
      assertEquals(read.path("traceId").asString(), line.getTraceId());
      assertEquals(lines.getFirst().getInvocationId(), line.getInvocationId());
      assertEquals(line.getText().equals("finish"), line.getNode().equals("head"));
    }
    assertFalse(lines.getFirst().getInvocationId().isEmpty());
  }

  @Test
  void publishesToChannels() throws Exception {
    var _ = invoke("publisher", "{\"price\":7}");
    var history = edge.send("GET", "/v1/channels/news", "text/plain", "");
    assertEquals(200, history.statusCode(), history.body());
    var messages = JsonMapper.shared().readTree(history.body()).path("messages");
    assertEquals(1, messages.size(), history.body());
    assertEquals("{\"price\":7}", messages.path(0).path("body").asString());
  }

  @Test
  void servesHttpFunctionsToPagesOfTheirOrigins() throws Exception {
    var response = edge.send("DELETE", "/run/site/basket/7", "text/plain", "not JSON");
    assertEquals(202, response.statusCode(), response.body());
    assertEquals("DELETE /basket/7", response.body());
    assertEquals("text/plain", response.headers().firstValue("content-type").orElse(""));
  }

  private static FunctionsGrpc.FunctionsBlockingStub functions() {
    return FunctionsGrpc.newBlockingStub(cluster.grpc()).withDeadlineAfter(60, TimeUnit.SECONDS);
  }

  @Test
  void anAliasSharesItsCallsByWeightAndLatestGoesBack() throws Exception {
    var one = deploy("swapped", "", "return \"one\";");
    var two = deploy("swapped", "", "return \"two\";");
    assertNotEquals(one.getVersion(), two.getVersion());
    functions()
        .setAlias(
            SetAliasRequest.newBuilder()
                .setFunction("swapped")
                .setAlias(
                    FunctionAlias.newBuilder()
                        .setName("canary")
                        .addVersions(target(one.getVersion().substring(0, 12), 3))
                        .addVersions(target("latest", 1)))
                .build());
    Map<String, Integer> answers = new HashMap<>();
    for (int i = 0; i < 80; i++) {
      answers.merge(result(invoke("swapped:canary", "{}")).asString(), 1, Integer::sum);
    }
    // Of 80 calls 20 are expected; fewer than 3 or more than 45 happen once in a million runs.
    assertTrue(answers.getOrDefault("two", 0) >= 3 && answers.getOrDefault("two", 0) <= 45);
    var back = functions().rollback(RollbackRequest.newBuilder().setFunction("swapped").build());
    assertEquals(one.getVersion(), back.getVersion());
    assertEquals("one", result(invoke("swapped", "{}")).asString());
    assertEquals("two", result(invoke("swapped:" + two.getVersion(), "{}")).asString());
  }

  private static WeightedVersion target(String version, int weight) {
    return WeightedVersion.newBuilder().setVersion(version).setWeight(weight).build();
  }

  @Test
  void aLogHoldsTheLinesOfAllLeavesInTheOrderOfTime() throws Exception {
    deploy("talker", "", "context.log(\"says \" + event.json()); return null;");
    for (int i = 0; i < 20; i++) {
      invoke("talker", "" + i);
    }
    List<String> said = new ArrayList<>();
    long before = 0;
    Iterator<FunctionLogLine> lines =
        functions().logs(FunctionLogsRequest.newBuilder().setFunction("talker").build());
    while (lines.hasNext()) {
      var line = lines.next();
      assertTrue(line.getAtMicros() >= before);
      before = line.getAtMicros();
      if (line.getText().startsWith("says ")) {
        said.add(line.getText());
      } else {
        assertTrue(line.getText().startsWith("REPORT "), line.getText());
      }
    }
    assertEquals(20, said.size(), said::toString);
    assertEquals("says 19", said.getLast());
  }

  @Test
  void aFollowedLogGoesOnWithNewLines() throws Exception {
    deploy("singer", "", "context.log(\"sings \" + event.json()); return null;");
    invoke("singer", "0");
    var following = Context.current().withCancellation();
    try {
      Iterator<FunctionLogLine> lines =
          following.call(() ->
              functions()
                  .logs(
                      FunctionLogsRequest.newBuilder()
                          .setFunction("singer")
                          .setFollow(true)
                          .build()));
      assertEquals("sings 0", nextSaid(lines));
      for (int i = 1; i < 5; i++) {
        invoke("singer", "" + i);
        assertEquals("sings " + i, nextSaid(lines));
      }
    } finally {
      following.cancel(null);
    }
  }

  private static String nextSaid(Iterator<FunctionLogLine> lines) {
    while (true) {
      String text = lines.next().getText();
      if (text.startsWith("sings ")) {
        return text;
      }
    }
  }
}
