package dev.heddle.process;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.time.Duration;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.Test;

class GrpcErrorsTest {
  @Test
  void everyCodeSurvivesTheWireWithItsMessage() {
    for (ErrorCode code : ErrorCode.values()) {
      StatusRuntimeException sent = GrpcErrors.toStatus(new HeddleException(code, "k: -1"));
      assertFalse(sent.getStatus().isOk(), code.name());
      HeddleException received = GrpcErrors.fromStatus(sent);
      assertSame(code, received.code());
      assertEquals("k: -1", received.getMessage());
    }
  }

  @Test
  void theTrailerHasNumberAndName() {
    StatusRuntimeException sent =
        GrpcErrors.toStatus(new HeddleException(ErrorCode.UNKNOWN_DATASET, "x"));
    assertEquals("1003 UNKNOWN_DATASET", assertNotNullTrailers(sent).get(GrpcErrors.ERROR));
    assertEquals(Status.Code.NOT_FOUND, sent.getStatus().getCode());
  }

  @Test
  void whatTheCallerHasSeenAndWhoLeadsTravelAsTrailers() {
    var failure =
        new HeddleException(ErrorCode.NOT_FOUND, "x").withPosition("AQ").withLeader("leaf-2");
    StatusRuntimeException sent = GrpcErrors.toStatus(failure);
    assertEquals("AQ", assertNotNullTrailers(sent).get(GrpcMetadata.POSITION));
    HeddleException received = GrpcErrors.fromStatus(sent);
    assertEquals("AQ", received.position());
    assertEquals("leaf-2", received.leader());
    HeddleException plain = GrpcErrors.fromStatus(Status.NOT_FOUND.asRuntimeException());
    assertEquals("", plain.position() + plain.leader());
    StatusRuntimeException bare =
        GrpcErrors.toStatus(new HeddleException(ErrorCode.NOT_FOUND, "x"));
    assertFalse(assertNotNullTrailers(bare).containsKey(GrpcMetadata.POSITION));
    assertFalse(assertNotNullTrailers(bare).containsKey(GrpcErrors.LEADER));
  }

  @Test
  void whenThereMayBeRoomTravelsRoundedUp() {
    var refusal =
        new HeddleException(ErrorCode.OVERLOADED, "x").withRetryAfter(Duration.ofNanos(1_500_001));
    StatusRuntimeException sent = GrpcErrors.toStatus(refusal.withPosition("AQ"));
    assertEquals("2", assertNotNullTrailers(sent).get(GrpcMetadata.RETRY_AFTER_MILLIS));
    assertEquals(Duration.ofMillis(2), GrpcErrors.fromStatus(sent).retryAfter());
    assertNotNullTrailers(sent).discardAll(GrpcMetadata.RETRY_AFTER_MILLIS);
    assertNotNullTrailers(sent).put(GrpcMetadata.RETRY_AFTER_MILLIS, "soon");
    assertEquals(Duration.ZERO, GrpcErrors.fromStatus(sent).retryAfter());
  }

  @Test
  void prioritiesAreReadStrictly() {
    assertSame(Priority.NORMAL, Priority.parse(null));
    for (var priority : Priority.values()) {
      assertSame(priority, Priority.parse(priority.text()));
    }
    var refusal = assertThrows(HeddleException.class, () -> Priority.parse("HIGH"));
    assertEquals("priority: HIGH (expected: high, normal or low)", refusal.getMessage());
  }

  @Test
  void unforeseenFailuresGiveNothingAway() {
    StatusRuntimeException sent =
        GrpcErrors.toStatus(new IllegalStateException("password is hunter2"));
    assertEquals(Status.Code.INTERNAL, sent.getStatus().getCode());
    assertFalse(String.valueOf(sent.getStatus().getDescription()).contains("hunter2"));
    assertTrue(String.valueOf(sent.getStatus().getCause()).contains("hunter2"));
  }

  @Test
  void statusesOfForeignServersGetALikelyCode() {
    assertSame(
        ErrorCode.UNAVAILABLE,
        GrpcErrors.fromStatus(Status.UNAVAILABLE.asRuntimeException()).code());
    assertSame(
        ErrorCode.DEADLINE_EXCEEDED,
        GrpcErrors.fromStatus(Status.DEADLINE_EXCEEDED.asException()).code());
    for (Status.Code code : Status.Code.values()) {
      assertNotNull(GrpcErrors.fromStatus(code.toStatus().asRuntimeException()).code());
    }
  }

  @Test
  void numbersOfANewerVersionFallBackToTheStatus() {
    Metadata trailers = new Metadata();
    trailers.put(GrpcErrors.ERROR, "1999 NEWER");
    assertSame(
        ErrorCode.NOT_FOUND,
        GrpcErrors.fromStatus(Status.NOT_FOUND.asRuntimeException(trailers)).code());
    Metadata garbage = new Metadata();
    garbage.put(GrpcErrors.ERROR, "99999999999999999999");
    assertSame(
        ErrorCode.NOT_FOUND,
        GrpcErrors.fromStatus(Status.NOT_FOUND.asRuntimeException(garbage)).code());
  }

  @Test
  void looksIntoWrappersAndRestoresInterrupts() {
    assertSame(
        ErrorCode.QUEUE_FULL,
        GrpcErrors.fromStatus(
                new CompletionException(new HeddleException(ErrorCode.QUEUE_FULL, "full")))
            .code());
    assertSame(ErrorCode.CANCELLED, GrpcErrors.fromStatus(new InterruptedException()).code());
    assertTrue(Thread.interrupted());
  }

  @Test
  void longMessagesAreCutToFitAHeader() {
    StatusRuntimeException sent =
        GrpcErrors.toStatus(new HeddleException(ErrorCode.INTERNAL, "x".repeat(100_000)));
    assertTrue(String.valueOf(sent.getStatus().getDescription()).length() < 3_000);
  }

  private static Metadata assertNotNullTrailers(StatusRuntimeException e) {
    Metadata trailers = e.getTrailers();
    assertNotNull(trailers);
    return trailers;
  }
}
