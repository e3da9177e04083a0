package dev.heddle.loadtest.search.faults;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.loadtest.search.faults.AskedWire.Kind;
import dev.heddle.loadtest.search.faults.KnownDocuments.One;
import dev.heddle.process.Channels;
import dev.heddle.process.Closer;
import dev.heddle.process.Credentials;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.GrpcErrors;
import dev.heddle.process.GrpcServer;
import dev.heddle.process.HeddleException;
import dev.heddle.process.HostPort;
import dev.heddle.process.ServerOptions;
import dev.heddle.process.Ticker;
import dev.heddle.v1.Coverage;
import dev.heddle.v1.Hit;
import dev.heddle.v1.MissingShard;
import dev.heddle.v1.QueryGrpc;
import dev.heddle.v1.QueryRequest;
import dev.heddle.v1.QueryResponse;
import dev.heddle.v1.Total;
import io.grpc.stub.StreamObserver;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Clients of a coordinator that says what the test wants. */
@Timeout(120)
class QueryClientsGrpcClientTest {
  private static final KnownDocuments KNOWN =
      new KnownDocuments(
          List.of(
              List.of(new One("a", 5, "g0"), new One("b", 1, "g1")),
              List.of(new One("c", 7, "g0"))));

  private static final AskedWire BEST = new AskedWire(Kind.BEST, "g0", false, false);
  private static final AskedWire STREAMED = new AskedWire(Kind.BEST, "g0", true, false);
  private static final AskedWire COUNTS = new AskedWire(Kind.COUNTS, "g0", false, false);

  private static final QueryResponse RIGHT =
      QueryResponse.newBuilder()
          .setCoverage(
              Coverage.newBuilder().setSeen(3).setTarget(3).setShardsAnswered(2).setShardsTotal(2))
          .setTotal(Total.newBuilder().setValue(2))
          .addHits(Hit.newBuilder().setId("c"))
          .addHits(Hit.newBuilder().setId("a"))
          .setFinal(true)
          .build();

  /** Of the second shard only. */
  private static final QueryResponse PART =
      QueryResponse.newBuilder()
          .setCoverage(
              Coverage.newBuilder()
                  .setSeen(1)
                  .setTarget(3)
                  .setShardsAnswered(1)
                  .setShardsTotal(2)
                  .addMissing(MissingShard.newBuilder().setShard(0).setReason("deadline")))
          .setTotal(Total.newBuilder().setValue(1))
          .addHits(Hit.newBuilder().setId("c"))
          .setFinal(true)
          .build();

  private static final QueryResponse IMPROVEMENT = PART.toBuilder().setFinal(false).build();

  private static final Duration HINT = Duration.ofMillis(1);

  private final Closer closer = new Closer();
  private final QueryTallyWire tally = new QueryTallyWire();

  @AfterEach
  void close() {
    closer.close();
  }

  /** Says the same to everybody, then ends well, or else as told. */
  private static class Scripted extends QueryGrpc.QueryImplBase {
    private final Optional<HeddleException> end;
    private final List<QueryResponse> answers;

    Scripted(Optional<HeddleException> end, QueryResponse... answers) {
      this.end = end;
      this.answers = List.of(answers);
    }

    @Override
    public void run(QueryRequest request, StreamObserver<QueryResponse> observer) {
      stream(request, observer);
    }

    @Override
    public void stream(QueryRequest request, StreamObserver<QueryResponse> observer) {
      answers.forEach(observer::onNext);
      end.ifPresentOrElse(
          failure -> observer.onError(GrpcErrors.toStatus(failure)), observer::onCompleted);
    }
  }

  private QueryClientsGrpcClient clients(Scripted coordinator) {
    var server =
        closer.register(
            "coordinator",
            new GrpcServer(
                "coordinator",
                HostPort.parse("127.0.0.1:0"),
                List.of(coordinator),
                ServerOptions.open(Credentials.none()),
                false));
    server.start();
    var channels = closer.register("channels", new Channels(Credentials.none()));
    return new QueryClientsGrpcClient(
        channels,
        server.address(),
        "known",
        "",
        Duration.ofSeconds(30),
        KNOWN,
        Ticker.system(),
        line -> {});
  }

  private boolean ask(AskedWire asked, QueryResponse... answers) {
    return clients(new Scripted(Optional.empty(), answers)).ask(asked, tally);
  }

  private void assertTold(String what, List<String> told) {
    assertEquals(1, told.size(), told.toString());
    assertTrue(told.getFirst().contains(what), told.toString());
    assertEquals(1, tally.ended());
  }

  @Test
  void whatHoldsIsAnswered() {
    assertTrue(ask(BEST, RIGHT));
    assertTrue(ask(STREAMED, IMPROVEMENT, RIGHT));
    assertFalse(ask(BEST, PART));

    assertEquals(List.of(), tally.wrong());
    assertEquals(3, tally.answered());
    assertEquals(2, tally.full());
    assertEquals(1.0, tally.figures().get("improvements"));
  }

  @Test
  void anAnswerThatWasCutIsNotFull() {
    assertFalse(ask(BEST, RIGHT.toBuilder().removeHits(1).setCut(true).build()));

    assertEquals(List.of(), tally.wrong());
    assertEquals(0, tally.full());
  }

  @Test
  void anAnswerThatCannotBeReadIsWrong() {
    assertFalse(ask(COUNTS, RIGHT.toBuilder().setResultJson("{\"0\":").build()));

    assertTold("expected: a JSON object", tally.wrong());
    assertEquals(1.0, tally.figures().get("wrongAnswers"));
  }

  /** No check foresees it: a server that does not keep to the protocol. */
  @Test
  void aStreamWithoutALastAnswerIsWrong() {
    assertFalse(ask(STREAMED, IMPROVEMENT));

    assertTold("the stream ended", tally.wrong());
    assertEquals(1.0, tally.figures().get("wrongAnswers"));
    assertEquals(0, tally.answered());
  }

  @Test
  void nothingFollowsTheLastAnswer() {
    assertFalse(ask(STREAMED, RIGHT, RIGHT));

    assertTold("another answer after the last", tally.wrong());
  }

  @Test
  void aQueryThatFailsIsUnanswered() {
    var refusing = new Scripted(Optional.of(new HeddleException(ErrorCode.UNAVAILABLE, "gone")));
    assertFalse(clients(refusing).ask(BEST, tally));

    assertTold("UNAVAILABLE", tally.failures());
    assertEquals(List.of(), tally.wrong());
  }

  /** As a client should that is told when there may be a place. */
  @Test
  void aQueryThatIsRefusedComesAgain() {
    var overloaded = new HeddleException(ErrorCode.OVERLOADED, "2 in flight").withRetryAfter(HINT);
    var busy =
        new Scripted(Optional.empty(), RIGHT) {
          private int refusals = 3;

          @Override
          public synchronized void stream(
              QueryRequest request, StreamObserver<QueryResponse> observer) {
            if (refusals-- > 0) {
              observer.onError(GrpcErrors.toStatus(overloaded));
            } else {
              super.stream(request, observer);
            }
          }
        };

    assertTrue(clients(busy).ask(BEST, tally));

    assertEquals(List.of(), tally.failures());
    assertEquals(1, tally.ended());
    assertEquals(3.0, tally.figures().get("refusals"));
  }

  /** Of a hint beyond its patience it makes no use. */
  @Test
  void aQueryThatIsRefusedForLongIsUnanswered() {
    var overloaded =
        new HeddleException(ErrorCode.OVERLOADED, "2 in flight")
            .withRetryAfter(Duration.ofMinutes(2));
    var full = new Scripted(Optional.of(overloaded));

    assertFalse(clients(full).ask(BEST, tally));

    assertTold("2 in flight", tally.failures());
  }

  @Test
  void everyQueryEndsThoughItsAnswerIsWrong() throws Exception {
    var wrong = new Scripted(Optional.empty(), IMPROVEMENT);

    clients(wrong).run(40, 4, Duration.ofMillis(1), 1, tally);

    assertEquals(40, tally.ended());
    assertTrue(tally.figures().getOrDefault("wrongAnswers", 0.0) >= 40, tally.toString());
    assertFalse(tally.wrong().isEmpty());
  }
}
