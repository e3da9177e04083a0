package dev.heddle.coordinator;

import static dev.heddle.process.testing.Eventually.eventually;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import dev.heddle.catalog.Change;
import dev.heddle.catalog.EventShape;
import dev.heddle.catalog.FunctionAlias;
import dev.heddle.catalog.FunctionKind;
import dev.heddle.catalog.FunctionRecord;
import dev.heddle.catalog.FunctionVersion;
import dev.heddle.catalog.testing.LocalCatalog;
import dev.heddle.coordinator.ScriptedInvokerGrpcService.Failure;
import dev.heddle.internal.v1.InvokerReport;
import dev.heddle.internal.v1.NestedInvokeRequest;
import dev.heddle.internal.v1.WarmVersion;
import dev.heddle.process.Channels;
import dev.heddle.process.Credentials;
import dev.heddle.process.DataSize;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.GrpcErrors;
import dev.heddle.process.GrpcMetadata;
import dev.heddle.process.HeddleException;
import dev.heddle.process.Security;
import dev.heddle.process.Started;
import dev.heddle.v1.Bill;
import dev.heddle.v1.InvocationsGrpc;
import dev.heddle.v1.InvokeRequest;
import dev.heddle.v1.SessionRef;
import io.grpc.Metadata;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.MetadataUtils;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class InvocationsTest {
  private static final int LEAVES = 3;
  private static final String VERSION = "a".repeat(64);
  private static final String HTTP_VERSION = "b".repeat(64);

  @TempDir private static Path directory;
  private static TestCoordinator coordinator;

  @BeforeAll
  static void start() {
    coordinator = new TestCoordinator(directory, LEAVES);
    write("echo", VERSION, EventShape.JSON);
    write("site", HTTP_VERSION, EventShape.HTTP);
    for (int i = 0; i < LEAVES; i++) {
      eventually("watched", coordinator.invoker(i)::watched);
    }
  }

  private static void write(String name, String digest, EventShape event) {
    var version =
        new FunctionVersion(
            digest,
            digest,
            "java",
            "a.B",
            "name: " + name,
            1,
            Optional.empty(),
            0,
            Duration.ofSeconds(60),
            DataSize.ofMiB(128),
            Map.of(),
            0,
            event,
            List.of(),
            "",
            Instant.EPOCH);
    LocalCatalog.write(
        coordinator.catalog,
        List.of(
            Change.put(
                new FunctionRecord(
                    "default",
                    name,
                    FunctionKind.HANDLER,
                    List.of(version),
                    Map.of("latest", FunctionAlias.to(digest))))));
  }

  @AfterAll
  static void stop() {
    coordinator.close();
  }

  @BeforeEach
  void forget() {
    for (int i = 0; i < LEAVES; i++) {
      coordinator.invoker(i).asked.clear();
      coordinator.invoker(i).failures.clear();
      coordinator.invoker(i).silent = false;
      coordinator.invoker(i).tell(InvokerReport.getDefaultInstance());
    }
  }

  private static InvokeRequest.Builder request(String function) {
    return InvokeRequest.newBuilder()
        .setFunction(function)
        .setEventJson(ByteString.copyFromUtf8("7"));
  }

  private static int asked() {
    int asked = 0;
    for (int i = 0; i < LEAVES; i++) {
      asked += coordinator.invoker(i).asked.size();
    }
    return asked;
  }

  private static void allFail(ErrorCode code, boolean started) {
    for (int i = 0; i < LEAVES; i++) {
      coordinator
          .invoker(i)
          .failures
          .add(new Failure(new HeddleException(code, "scripted"), started));
    }
  }

  private static StatusRuntimeException fails(InvokeRequest.Builder request) {
    return assertThrows(
        StatusRuntimeException.class, () -> coordinator.invocations().invoke(request.build()));
  }

  @Test
  void pricesTheBillByTheRateCard() {
    var response = coordinator.invocations().invoke(request("echo").build());
    assertEquals("7", response.getResultJson().toStringUtf8());
    assertEquals(16_666_700L, response.getBill().getCostPicos());
    assertEquals(VERSION, response.getVersion());
    assertFalse(response.getInvocationId().isEmpty());
  }

  @Test
  void triesOneOtherLeafWhereThereWasNoRoom() {
    allFail(ErrorCode.QUEUE_FULL, false);
    var failure = fails(request("echo"));
    assertEquals(ErrorCode.QUEUE_FULL, GrpcErrors.fromStatus(failure).code());
    assertEquals(2, asked());
    assertEquals(Started.NO, Started.of(failure));
    assertNull(Objects.requireNonNull(failure.getTrailers()).get(GrpcMetadata.BILL));
    // One leaf has still to fail; the next call at it finds another one.
    var response = coordinator.invocations().invoke(request("echo").build());
    assertEquals("7", response.getResultJson().toStringUtf8());
  }

  @Test
  void triesAnotherLeafWhereOneStops() {
    allFail(ErrorCode.UNAVAILABLE, false);
    assertEquals(ErrorCode.UNAVAILABLE, GrpcErrors.fromStatus(fails(request("echo"))).code());
    assertEquals(2, asked());
    var response = coordinator.invocations().invoke(request("echo").build());
    assertEquals("7", response.getResultJson().toStringUtf8());
    forget();
    allFail(ErrorCode.UNAVAILABLE, true);
    assertEquals(ErrorCode.UNAVAILABLE, GrpcErrors.fromStatus(fails(request("echo"))).code());
    assertEquals(1, asked());
  }

  @Test
  void neverRepeatsWhatMayHaveBegun() throws Exception {
    allFail(ErrorCode.QUEUE_FULL, true);
    var failure = fails(request("echo"));
    assertEquals(1, asked());
    assertEquals(Started.YES, Started.of(failure));
    var trailers = Objects.requireNonNull(failure.getTrailers());
    var bill = Bill.parseFrom(Objects.requireNonNull(trailers.get(GrpcMetadata.BILL)));
    assertEquals(16_666_700L, bill.getCostPicos());
    assertEquals(VERSION, trailers.get(GrpcMetadata.FUNCTION_VERSION));
    assertFalse(Objects.requireNonNull(trailers.get(GrpcMetadata.INVOCATION)).isEmpty());
    forget();
    allFail(ErrorCode.FUNCTION_FAILED, false);
    assertEquals(ErrorCode.FUNCTION_FAILED, GrpcErrors.fromStatus(fails(request("echo"))).code());
    assertEquals(1, asked());
  }

  @Test
  void saysThatACallMayHaveRunWhoseLeafDidNotAnswer() {
    for (int i = 0; i < LEAVES; i++) {
      coordinator.invoker(i).silent = true;
    }
    var failure =
        assertThrows(
            StatusRuntimeException.class,
            () ->
                coordinator
                    .invocations()
                    .withDeadlineAfter(3, TimeUnit.SECONDS)
                    .invoke(request("echo").build()));
    assertEquals(ErrorCode.DEADLINE_EXCEEDED, GrpcErrors.fromStatus(failure).code());
    assertEquals(Started.UNKNOWN, Started.of(failure));
    eventually("one leaf was asked", () -> asked() == 1);
  }

  @Test
  void whatIsRefusedBeforeItIsSentNeverRan() {
    assertEquals(Started.NO, Started.of(fails(request("nothing"))));
    assertEquals(0, asked());
  }

  @Test
  void countsInvocationsByWhatCameOfThem() {
    double before = timed("ok");
    coordinator.invocations().invoke(request("echo").build());
    eventually("counted", () -> timed("ok") == before + 1);
    double refused = timed("user");
    fails(request("nothing"));
    eventually("counted", () -> timed("user") == refused + 1);
    double elsewhere = coordinator.counter("heddle_coordinator_invocations_tried_elsewhere");
    allFail(ErrorCode.QUEUE_FULL, false);
    fails(request("echo"));
    eventually(
        "counted",
        () ->
            coordinator.counter("heddle_coordinator_invocations_tried_elsewhere") == elsewhere + 1);
  }

  private static double timed(String outcome) {
    return coordinator
        .telemetry
        .registry()
        .get("heddle_coordinator_invocation_seconds")
        .tags("from", "outside", "outcome", outcome)
        .timer()
        .count();
  }

  @Test
  void aLocalityKeyStaysWithItsLeafUntilEventsWaitThere() {
    Set<String> nodes = new HashSet<>();
    for (int i = 0; i < 20; i++) {
      nodes.add(node(request("echo").setLocalityKey("session-1")));
    }
    assertEquals(1, nodes.size());
    String home = nodes.iterator().next();
    int number = home.charAt(home.length() - 1) - '0';
    coordinator.invoker(number).tell(InvokerReport.newBuilder().setQueued(5).build());
    eventually(
        "the key spills", () -> !node(request("echo").setLocalityKey("session-1")).equals(home));
    String second = node(request("echo").setLocalityKey("session-1"));
    assertNotEquals(home, second);
    assertEquals(second, node(request("echo").setLocalityKey("session-1")));
  }

  private static String node(InvokeRequest.Builder request) {
    return coordinator.invocations().invoke(request.build()).getNode();
  }

  @Test
  void prefersTheLeafThatHasTheCode() {
    coordinator
        .invoker(1)
        .tell(
            InvokerReport.newBuilder()
                .addWarm(WarmVersion.newBuilder().setTenant("default").setVersion(VERSION))
                .build());
    eventually(
        "calls go to the warm leaf",
        () -> {
          for (int i = 0; i < 10; i++) {
            if (!node(request("echo")).equals("leaf-1")) {
              return false;
            }
          }
          return true;
        });
  }

  @Test
  void goesNearTheDocumentThatTheCallNamesAndSaysWhy() {
    var dataset = coordinator.create("near", 1, 1);
    String holder = dataset.getShards(0).getNodes(0);
    for (int i = 0; i < 10; i++) {
      var near = request("echo").setNearDataset("near").setNearId("d" + i).build();
      var response = coordinator.invocations().invoke(near);
      assertEquals(holder, response.getNode());
      assertTrue(
          response.getPlacement().startsWith("locality session=none code=cold data=here "),
          response::getPlacement);
    }
    eventually(
        "counted",
        () ->
            coordinator.counter(
                    "heddle_coordinator_invocations_scheduled",
                    "policy",
                    "locality",
                    "data",
                    "here")
                >= 10);
    var half = fails(request("echo").setNearDataset("near"));
    assertEquals(ErrorCode.INVALID_REQUEST, GrpcErrors.fromStatus(half).code());
  }

  @Test
  void givesTheHttpEventToVersionsThatTakeIt() {
    var both = request("site").setHttpEventJson(ByteString.copyFromUtf8("{\"version\":\"2.0\"}"));
    var response = coordinator.invocations().invoke(both.build());
    assertEquals("{\"version\":\"2.0\"}", response.getResultJson().toStringUtf8());
    assertTrue(response.getHttpReply());
    assertFalse(coordinator.invocations().invoke(request("site").build()).getHttpReply());
    var refused = fails(request("site").setHttpEventRequired(true));
    assertEquals(ErrorCode.CONFLICT, GrpcErrors.fromStatus(refused).code());
    var json =
        coordinator
            .invocations()
            .invoke(
                request("echo")
                    .setHttpEventJson(ByteString.copyFromUtf8("{}"))
                    .setHttpEventRequired(true)
                    .build());
    assertEquals("7", json.getResultJson().toStringUtf8());
  }

  @Test
  void callsWithinCallsSayHowDeepTheyAreAndWhatTheyHaveSeen() {
    String token = "AQDDtc6AhPBWQR2jNJ-NxOgvAgEBZn1Z7OPGBw";
    var nested =
        NestedInvokeRequest.newBuilder()
            .setRequest(request("echo"))
            .setDepth(8)
            .setPositionToken(token)
            .build();
    assertEquals(token, coordinator.calls().invoke(nested).getPositionToken());
    for (int i = 0; i < LEAVES; i++) {
      coordinator.invoker(i).asked.forEach(asked -> assertEquals(8, asked.getDepth()));
    }
    for (int depth : new int[] {0, 9}) {
      var failure =
          assertThrows(
              StatusRuntimeException.class,
              () -> coordinator.calls().invoke(nested.toBuilder().setDepth(depth).build()));
      assertEquals(ErrorCode.LIMIT_REACHED, GrpcErrors.fromStatus(failure).code());
    }
  }

  private static Path secret(String name, String content) throws IOException {
    var file = Files.writeString(directory.resolve(name), content);
    return Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
  }

  @Test
  void onlyANodeNamesASession() throws Exception {
    var keys =
        secret("keys.yaml", "keys:\n- {id: ops, key: 0123456789abcdef0123, tenant: default}\n");
    var ring = secret("ring", "s1:0123456789abcdef\n");
    var credentials = Credentials.load(new Security(Optional.of(keys), Optional.of(ring)));
    var door = coordinator.door(credentials).toString();
    var session = SessionRef.newBuilder().setId("someone-else").setGateway("127.0.0.1:1");
    var request = request("echo").setSession(session).build();
    try (var clients = new Channels(Credentials.none());
        var nodes = new Channels(credentials)) {
      var headers = new Metadata();
      headers.put(GrpcMetadata.AUTHORIZATION, "Bearer 0123456789abcdef0123");
      var client =
          InvocationsGrpc.newBlockingStub(clients.to(door))
              .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(headers))
              .withDeadlineAfter(60, TimeUnit.SECONDS);
      var refused = assertThrows(StatusRuntimeException.class, () -> client.invoke(request));
      assertEquals(ErrorCode.FORBIDDEN, GrpcErrors.fromStatus(refused).code());
      assertEquals(0, asked());
      assertEquals("7", client.invoke(request("echo").build()).getResultJson().toStringUtf8());
      forget();
      var node =
          InvocationsGrpc.newBlockingStub(nodes.to(door)).withDeadlineAfter(60, TimeUnit.SECONDS);
      assertEquals("7", node.invoke(request).getResultJson().toStringUtf8());
      for (int leaf = 0; leaf < LEAVES; leaf++) {
        coordinator
            .invoker(leaf)
            .asked
            .forEach(asked -> assertEquals("someone-else", asked.getSession().getId()));
      }
    }
  }

  @Test
  void refusesUnknownFunctionsAndVersions() {
    for (String name : List.of("nothing", "echo:canary", "echo:" + "c".repeat(64))) {
      assertEquals(ErrorCode.UNKNOWN_FUNCTION, GrpcErrors.fromStatus(fails(request(name))).code());
    }
    assertEquals(
        VERSION, coordinator.invocations().invoke(request("echo:" + VERSION).build()).getVersion());
  }
}
