package dev.heddle.engine;

import dev.heddle.internal.v1.AttemptRef;
import dev.heddle.internal.v1.SettleRequest;
import dev.heddle.internal.v1.SettleResponse;
import dev.heddle.internal.v1.SettledAttempt;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.v1.Bill;
import java.util.Optional;
import java.util.function.Function;

/** What calls of queries cost, told by whoever answered them. */
public final class SettleWire {
  /** Calls that may be asked about at once. */
  static final int MOST = 1_000;

  private SettleWire() {}

  /**
   * What is known of the calls that are asked about.
   *
   * @param bills what a call cost; empty where that is not known
   * @throws HeddleException TOO_LARGE for too many calls
   */
  public static SettleResponse response(
      SettleRequest request, Function<AttemptRef, Optional<Bill>> bills) {
    if (request.getAttemptsCount() > MOST) {
      throw new HeddleException(
          ErrorCode.TOO_LARGE,
          "attempts: %d (expected: at most %d)".formatted(request.getAttemptsCount(), MOST));
    }
    var response = SettleResponse.newBuilder();
    for (var call : request.getAttemptsList()) {
      bills
          .apply(call)
          .ifPresent(bill ->
              response.addAttempts(SettledAttempt.newBuilder().setAttempt(call).setBill(bill)));
    }
    return response.build();
  }
}
