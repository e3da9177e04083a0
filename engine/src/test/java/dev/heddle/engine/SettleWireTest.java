package dev.heddle.engine;

import static dev.heddle.engine.Workshop.fails;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.heddle.internal.v1.AttemptRef;
import dev.heddle.internal.v1.SettleRequest;
import dev.heddle.process.ErrorCode;
import dev.heddle.v1.Bill;
import java.util.Optional;
import org.junit.jupiter.api.Test;

final class SettleWireTest {
  private static SettleRequest calls(int count) {
    var request = SettleRequest.newBuilder();
    for (int i = 0; i < count; i++) {
      request.addAttempts(AttemptRef.newBuilder().setQueryId("q" + i).setAttempt(1));
    }
    return request.build();
  }

  @Test
  void callsOfWhichNothingIsKnownAreLeftOut() {
    var bill = Bill.newBuilder().setCpuNanos(5).build();
    var response =
        SettleWire.response(
            calls(3),
            call -> call.getQueryId().equals("q1") ? Optional.of(bill) : Optional.empty());
    assertEquals(1, response.getAttemptsCount());
    assertEquals("q1", response.getAttempts(0).getAttempt().getQueryId());
    assertEquals(bill, response.getAttempts(0).getBill());
  }

  @Test
  void refusesTooManyAtOnce() {
    var all = SettleWire.response(calls(1_000), call -> Optional.of(Bill.getDefaultInstance()));
    assertEquals(1_000, all.getAttemptsCount());
    fails(
        ErrorCode.TOO_LARGE,
        "attempts: 1001 (expected: at most 1000)",
        () -> SettleWire.response(calls(1_001), call -> Optional.empty()));
  }
}
