package dev.heddle.loadtest.gateway;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.Ticker;
import java.time.Duration;
import java.util.List;
import java.util.function.BiFunction;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(120)
class EchoLoopTest {
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final Duration LITTLE = Duration.ofSeconds(1);

  private static EchoLoop.Outcome run(
      BiFunction<Integer, String, List<String>> answers, int clients, int frames, Duration patience)
      throws InterruptedException {
    try (var server = new ScriptedSockets(answers);
        var fleet = new SocketFleet(1)) {
      var loop = new EchoLoop(fleet, _ -> server.door(), clients, patience, Ticker.system());
      try {
        return loop.run(frames);
      } finally {
        loop.end();
      }
    }
  }

  @Test
  void everyFrameThatComesBackCounts() throws Exception {
    var outcome = run((_, text) -> List.of(text), 3, 50, PATIENCE);

    assertEquals(List.of(), outcome.failures());
    assertEquals(50, outcome.times().count());
  }

  @Test
  void aFrameThatIsLostIsTold() throws Exception {
    var outcome = run((number, text) -> number == 5 ? List.of() : List.of(text), 1, 10, LITTLE);

    assertEquals(
        List.of("1 clients: no frame came back (expected: one for each)"), outcome.failures());
  }

  @Test
  void aFrameThatComesTwiceIsTold() throws Exception {
    var outcome =
        run((number, text) -> number == 5 ? List.of(text, text) : List.of(text), 1, 10, PATIENCE);

    assertEquals(1, outcome.failures().size(), outcome.failures().toString());
    assertTrue(outcome.failures().getFirst().contains("expected: "), outcome.failures().toString());
    assertEquals(10, outcome.times().count());
  }

  @Test
  void anotherFrameThanTheOneThatWasSentIsTold() throws Exception {
    var outcome = run((_, text) -> List.of(text + "!"), 1, 10, LITTLE);

    assertEquals(2, outcome.failures().size(), outcome.failures().toString());
    assertTrue(outcome.failures().getFirst().startsWith("client 0: 0 0 x"));
  }

  @Test
  void aSocketThatIsClosedIsTold() throws Exception {
    var outcome =
        run((number, text) -> List.of(number == 5 ? ScriptedSockets.CLOSE : text), 1, 10, PATIENCE);

    assertEquals(List.of("client 0: closed with 1011"), outcome.failures());
    assertEquals(4, outcome.times().count());
  }

  @Test
  void aDoorThatIsNotThereIsRefusedWithWhatWasAsked() throws Exception {
    try (var server = new ScriptedSockets((_, _) -> List.of());
        var fleet = new SocketFleet(1)) {
      var wrong = Door.plain(server.door().address(), "/nothing");
      server.end();
      var refusal =
          assertThrows(HeddleException.class, () -> fleet.openAll(wrong, 2, _ -> (_, _) -> {}));

      assertEquals(ErrorCode.UNAVAILABLE, refusal.code());
      assertTrue(refusal.getMessage().startsWith("socket 1 of 2 at 127.0.0.1:"));
    }
  }

  @Test
  void moreSocketsThanAProcessMayHaveAreRefusedWithWhatToDo() {
    var refusal =
        assertThrows(HeddleException.class, () -> SocketFleet.check("idle", 2_000_000_000));

    assertEquals(ErrorCode.INVALID_REQUEST, refusal.code());
    assertTrue(refusal.getMessage().contains("raise ulimit -n"), refusal.getMessage());
  }
}
