package dev.heddle.gateway.connection;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.gateway.connection.PollTransport.Message;
import dev.heddle.gateway.connection.PollTransport.Polled;
import dev.heddle.gateway.session.ChannelPosition;
import dev.heddle.gateway.websocket.CloseCodes;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** What a client that polls is left with between two polls. */
class PollTransportTest {
  private static final ChannelPosition AT = new ChannelPosition("e", 3);
  private final PollTransport poll = new PollTransport(1 << 20, Map.of());

  private static Payload frame(String text) {
    return Payload.text(text.getBytes(StandardCharsets.UTF_8));
  }

  private Polled next() throws InterruptedException {
    return poll.await(Duration.ZERO);
  }

  private static List<Long> offsets(Polled polled) {
    return polled.messages().stream().map(Message::offset).toList();
  }

  @Test
  void whatComesBetweenTwoPollsIsOfTheNextOne() throws Exception {
    poll.welcome(4, new byte[0]);
    assertEquals(4, next().offset());
    assertTrue(poll.between());
    assertTrue(poll.send(5, frame("a")));
    assertEquals(4, poll.given(5), "nobody has got it");
    assertTrue(poll.holds(4, Map.of()));
    assertTrue(poll.again());
    assertFalse(poll.between());
    assertTrue(poll.send(6, frame("b")));
    Polled polled = next();
    assertEquals(List.of(5L, 6L), offsets(polled));
    assertEquals(6, polled.offset());
    assertEquals(6, poll.given(6));
    assertNull(polled.goodbye());
    assertTrue(poll.again());
    assertEquals(List.of(), offsets(next()), "each once");
  }

  @Test
  void aClientThatLacksTheLastAnswerIsNoneThatGoesOn() throws Exception {
    poll.subscribed("room", AT, true);
    assertTrue(poll.send(1, frame("a")));
    assertEquals(Map.of("room", AT), next().channels());
    assertTrue(poll.holds(1, Map.of("room", AT)));
    assertFalse(poll.holds(0, Map.of("room", AT)));
    assertFalse(poll.holds(2, Map.of("room", AT)));
    assertFalse(poll.holds(1, Map.of()));
    assertFalse(poll.holds(1, Map.of("room", new ChannelPosition("e", 2))));
    assertFalse(poll.holds(1, Map.of("room", AT, "other", AT)));
    assertTrue(poll.again());
    assertFalse(poll.holds(1, Map.of("room", AT)), "a poll is there");
  }

  @Test
  void moreThanALittleWaitsInTheGrid() throws Exception {
    assertTrue(poll.send(1, frame("x".repeat(100_000))), "a poll waits for it");
    assertEquals(List.of(1L), offsets(next()));
    assertTrue(poll.send(2, frame("x".repeat(10_000))));
    assertFalse(poll.send(3, frame("x".repeat(10_000))));
    assertFalse(poll.send(4, frame("y")), "none after a gap");
    assertFalse(poll.lags(), "nothing is kept here");
    assertFalse(poll.holds(1, Map.of()));
    assertFalse(poll.again());
    assertEquals(1, poll.given(4));
  }

  @Test
  void whoClosesItBetweenTwoPollsIsHeard() throws Exception {
    var ended = new AtomicInteger();
    next();
    assertTrue(poll.linger(ended::incrementAndGet));
    poll.close(CloseCodes.REPLACED, "replaced");
    poll.close(CloseCodes.REPLACED, "replaced");
    assertEquals(1, ended.get());
    assertFalse(poll.holds(0, Map.of()));
    assertFalse(poll.again());
    assertFalse(poll.linger(ended::incrementAndGet));
    assertFalse(poll.between());
  }

  @Test
  void whoClosesItUnderAPollIsHeardByThat() throws Exception {
    var ended = new AtomicInteger();
    next();
    assertTrue(poll.linger(ended::incrementAndGet));
    assertTrue(poll.again());
    poll.close(CloseCodes.REPLACED, "replaced");
    assertEquals(0, ended.get());
    assertNotNull(next().goodbye());
  }

  @Test
  void aClientThatGoesAfterItsAnswerEndsNothing() throws Exception {
    long first = poll.turn();
    next();
    poll.gone(first);
    assertTrue(poll.again());
    poll.gone(first);
    assertTrue(poll.turn() != first);
    poll.gone(poll.turn());
    assertNotNull(next().goodbye());
  }
}
