package dev.heddle.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.cli.terminal.Console;
import dev.heddle.process.Credentials;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.GrpcMetadata;
import dev.heddle.process.GrpcServer;
import dev.heddle.process.HeddleException;
import dev.heddle.process.HostPort;
import dev.heddle.process.ServerOptions;
import dev.heddle.process.Started;
import dev.heddle.v1.Bill;
import dev.heddle.v1.InvocationsGrpc;
import dev.heddle.v1.InvokeRequest;
import dev.heddle.v1.InvokeResponse;
import io.grpc.stub.StreamObserver;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.json.JsonMapper;

class InvokeCommandTest {
  private static final String DIGEST = "9f3c2a10" + "0".repeat(56);

  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();
  private final Console console =
      new Console(new PrintWriter(out, true), new PrintWriter(err, true), false);
  private final GrpcServer server =
      new GrpcServer(
          "public",
          new HostPort("127.0.0.1", 0),
          List.of(new Failing()),
          ServerOptions.open(Credentials.none()),
          false);

  InvokeCommandTest() {
    server.start();
  }

  @AfterEach
  void close() {
    server.close();
  }

  private int run(String function, String option) {
    return Main.run(console, "invoke", function, option, "--grpc", server.address().toString());
  }

  @Test
  void printsTheBillOfACallThatFailed() {
    assertEquals(1, run("breaks", "--bill"));
    assertTrue(err.toString().contains("FUNCTION_FAILED: function breaks"), err::toString);
    assertTrue(err.toString().contains("invocation i-7"), err::toString);
    var bill = JsonMapper.shared().readTree(out.toString());
    assertEquals(5_000, bill.path("activeNanos").longValue(), out::toString);
    assertEquals(77, bill.path("costPicos").longValue(), out::toString);
  }

  @Test
  void printsAsJsonWhatACallTookThatFailed() {
    assertEquals(1, run("breaks", "--json"));
    var failed = JsonMapper.shared().readTree(out.toString());
    assertEquals(DIGEST, failed.path("version").asString());
    assertEquals("i-7", failed.path("invocation").asString());
    assertEquals(5_000, failed.at("/bill/activeNanos").longValue());
  }

  @Test
  void printsNoBillWhereNothingRan() {
    assertEquals(1, run("full", "--bill"));
    assertTrue(err.toString().contains("QUEUE_FULL"), err::toString);
    assertEquals("", out.toString());
  }

  /** One function breaks, and has seen as much as a token can say; of another nothing runs. */
  private static final class Failing extends InvocationsGrpc.InvocationsImplBase {
    @Override
    public void invoke(InvokeRequest request, StreamObserver<InvokeResponse> observer) {
      if (request.getFunction().equals("full")) {
        observer.onError(
            Started.NO.toStatus(
                new HeddleException(ErrorCode.QUEUE_FULL, "function full: no room")));
        return;
      }
      var status =
          Started.YES.toStatus(
              new HeddleException(ErrorCode.FUNCTION_FAILED, "function breaks@9f3c2a10: on purpose")
                  .withPosition("x".repeat(16_384)));
      var trailers = Objects.requireNonNull(status.getTrailers());
      var bill = Bill.newBuilder().setActiveNanos(5_000).setCostPicos(77).setComplete(true);
      trailers.put(GrpcMetadata.BILL, bill.build().toByteArray());
      trailers.put(GrpcMetadata.INVOCATION, "i-7");
      trailers.put(GrpcMetadata.FUNCTION_VERSION, DIGEST);
      observer.onError(status.getStatus().asRuntimeException(trailers));
    }
  }
}
