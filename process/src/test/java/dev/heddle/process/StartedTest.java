package dev.heddle.process;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.grpc.Metadata;
import io.grpc.Status;
import java.net.ConnectException;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class StartedTest {
  @ParameterizedTest
  @EnumSource(Started.class)
  void travelsInTheTrailersOfAFailure(Started started) {
    var failure = new HeddleException(ErrorCode.QUEUE_FULL, "function f: no room");
    var sent = started.toStatus(failure.withPosition("abc"));
    assertEquals(started, Started.of(sent));
    var received = GrpcErrors.fromStatus(sent);
    assertEquals(started, Started.of(received));
    assertEquals(ErrorCode.QUEUE_FULL, received.code());
    assertEquals("abc", received.position());
    var key = Metadata.Key.of("heddle-started", Metadata.ASCII_STRING_MARSHALLER);
    assertEquals(started.text(), Objects.requireNonNull(sent.getTrailers()).get(key));
  }

  @Test
  void theLastWordCounts() {
    var trailers = new Metadata();
    Started.YES.put(trailers);
    Started.NO.put(trailers);
    assertEquals(Started.NO, Started.of(Status.INTERNAL.asRuntimeException(trailers)));
  }

  @Test
  void whatNeverReachedTheOtherSideDidNotRun() {
    var unsent = Status.UNAVAILABLE.withCause(new ConnectException("refused"));
    assertEquals(Started.NO, Started.of(unsent.asRuntimeException()));
    assertEquals(Started.NO, Started.of(GrpcErrors.fromStatus(unsent.asException())));
  }

  @Test
  void whatWasLostOnTheWayMayHaveRun() {
    for (var status : new Status[] {Status.UNAVAILABLE, Status.DEADLINE_EXCEEDED}) {
      assertEquals(Started.UNKNOWN, Started.of(status.asRuntimeException()));
    }
    var foreign = new Metadata();
    foreign.put(Metadata.Key.of("heddle-started", Metadata.ASCII_STRING_MARSHALLER), "perhaps");
    assertEquals(Started.UNKNOWN, Started.of(Status.INTERNAL.asRuntimeException(foreign)));
    assertEquals(Started.UNKNOWN, Started.of(new IllegalStateException("anything")));
  }
}
