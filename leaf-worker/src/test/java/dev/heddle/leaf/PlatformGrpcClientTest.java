package dev.heddle.leaf;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import dev.heddle.catalog.PositionToken;
import dev.heddle.engine.Bill;
import dev.heddle.engine.FunctionRef;
import dev.heddle.engine.Invocation;
import dev.heddle.engine.InvocationScope;
import dev.heddle.engine.QueryWire;
import dev.heddle.process.Deadline;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.GrpcErrors;
import dev.heddle.process.GrpcMetadata;
import dev.heddle.process.HeddleException;
import dev.heddle.process.TraceContext;
import io.grpc.Status;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.junit.jupiter.api.Test;

final class PlatformGrpcClientTest {
  private final InvocationScope scope =
      new InvocationScope(
          FunctionRef.builtIn("default", "f"),
          new Invocation(
              "i-1",
              "default",
              TraceContext.create(),
              0,
              PositionToken.EMPTY,
              new Deadline(0),
              Optional.empty()),
          new Deadline(0));

  @Test
  void aCallThatNobodyAnsweredStaysOpen() {
    PlatformGrpcClient.spent(Status.DEADLINE_EXCEEDED.asRuntimeException(), scope, "invoke/other");
    assertEquals(List.of("invoke/other"), scope.children().open());
    assertFalse(scope.children().complete());
  }

  @Test
  void aCallThatWasRefusedCostsNothingAndOneThatFailedItsBill() {
    var refused = GrpcErrors.toStatus(new HeddleException(ErrorCode.QUEUE_FULL, "full"));
    PlatformGrpcClient.spent(refused, scope, "invoke/other");
    assertEquals(Bill.NONE, scope.children());
    var failed = GrpcErrors.toStatus(new HeddleException(ErrorCode.FUNCTION_FAILED, "failed"));
    var bill = Bill.operations(3, 40);
    Objects.requireNonNull(failed.getTrailers())
        .put(GrpcMetadata.BILL, QueryWire.bill(bill).toByteArray());
    PlatformGrpcClient.spent(failed, scope, "invoke/other");
    assertEquals(bill, scope.children());
  }
}
