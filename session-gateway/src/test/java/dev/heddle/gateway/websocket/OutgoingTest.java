package dev.heddle.gateway.websocket;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.eclipse.jetty.io.ByteArrayEndPoint;
import org.eclipse.jetty.util.Callback;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What waits for a client that reads as the test lets it. */
class OutgoingTest {
  /** Takes so many bytes until they are taken from it, and counts its writes. */
  private static final class Client extends ByteArrayEndPoint {
    private final ByteArrayOutputStream read = new ByteArrayOutputStream();
    private int writes;
    private int most;
    private @Nullable Error breaks;

    /** Ends writes, none of which is done at once; null: they are done as there is room. */
    private @Nullable Consumer<Callback> completes;

    Client(int room) {
      super(new byte[0], room);
    }

    @Override
    public boolean flush(ByteBuffer... written) throws IOException {
      writes++;
      most = Math.max(most, written.length);
      if (breaks != null) {
        throw breaks;
      }
      return completes == null && super.flush(written);
    }

    @Override
    public void write(Callback callback, ByteBuffer... written) {
      if (completes == null) {
        super.write(callback, written);
        return;
      }
      for (ByteBuffer each : written) {
        byte[] bytes = new byte[each.remaining()];
        each.get(bytes);
        read.writeBytes(bytes);
      }
      completes.accept(callback);
    }

    /** Reads all that was written, and what comes as there is room. */
    List<String> frames() {
      while (true) {
        ByteBuffer more = takeOutput();
        if (!more.hasRemaining()) {
          break;
        }
        read.write(more.array(), more.arrayOffset() + more.position(), more.remaining());
      }
      var frames = new ArrayList<String>();
      ByteBuffer all = ByteBuffer.wrap(read.toByteArray());
      while (all.hasRemaining()) {
        int first = all.get() & 0xff;
        int length = all.get() & 0xff;
        length =
            length == 126 ? all.getShort() & 0xffff : length == 127 ? (int) all.getLong() : length;
        byte[] payload = new byte[length];
        all.get(payload);
        String text =
            length > 20 ? Integer.toString(length) : new String(payload, StandardCharsets.UTF_8);
        frames.add(Integer.toHexString(first) + ":" + text);
      }
      read.reset();
      return frames;
    }
  }

  private static final class Owner implements Outgoing.Owner {
    private int slow;
    private int goodbyes;
    private int failures;

    @Override
    public void slow() {
      slow++;
    }

    @Override
    public void saidGoodbye() {
      goodbyes++;
    }

    @Override
    public void unwritable(Throwable cause) {
      failures++;
    }
  }

  private final Owner owner = new Owner();
  private Client client = new Client(30);
  private Outgoing outgoing = outgoing(SlowConsumer.CLOSE);

  @BeforeEach
  void start() {
    outgoing.replayed();
  }

  private Outgoing outgoing(SlowConsumer policy) {
    return new Outgoing(client, owner, new SocketBounds(100, 100, 4, policy, null, 0));
  }

  private static WireFrame text(String text) {
    return WireFrame.message(text.getBytes(StandardCharsets.UTF_8), false);
  }

  private static WireFrame text(int length) {
    return text("x".repeat(length));
  }

  @Test
  void whatLeavesAtOnceDoesNotWait() {
    assertTrue(outgoing.send(text("a"), true));
    assertFalse(outgoing.waiting());
    assertEquals(100, outgoing.room());
    assertEquals(List.of("81:a"), client.frames());
    assertEquals(1, client.writes);
  }

  @Test
  void whatWaitsLeavesTogetherInItsOrder() {
    assertTrue(outgoing.send(text(40), true));
    int before = client.writes;
    for (String each : List.of("a", "b", "c")) {
      assertTrue(outgoing.send(text(each), true));
    }
    assertEquals(before, client.writes, "nothing is written while a write waits");
    assertTrue(outgoing.waiting());
    assertEquals(57, outgoing.room());
    assertEquals(List.of("81:40", "81:a", "81:b", "81:c"), client.frames());
    assertEquals(3, client.most, "the three in one write");
    assertFalse(outgoing.waiting());
    assertEquals(100, outgoing.room());
  }

  @Test
  void whoDoesNotReadIsSlow() {
    assertTrue(outgoing.send(text(120), true), "a single frame may be larger");
    assertFalse(outgoing.send(text("a"), true));
    assertEquals(1, owner.slow);
    assertEquals(List.of("81:120"), client.frames());
  }

  @Test
  void tooManyFramesAreTooMuch() {
    assertTrue(outgoing.send(text(40), true));
    for (int i = 0; i < 4; i++) {
      assertTrue(outgoing.send(text("a"), true));
    }
    assertFalse(outgoing.send(text("b"), true));
    assertEquals(1, owner.slow);
  }

  @Test
  void theOldestIsDroppedForTheNewest() {
    outgoing = outgoing(SlowConsumer.DROP_OLDEST);
    outgoing.replayed();
    assertTrue(outgoing.send(text(40), true));
    for (int i = 0; i < 7; i++) {
      assertTrue(outgoing.send(text("n" + i), true));
    }
    assertEquals(List.of("81:40", "81:n3", "81:n4", "81:n5", "81:n6"), client.frames());
    assertEquals(0, owner.slow);
    assertEquals(100, outgoing.room());
  }

  @Test
  void onlyTheNewestStateWaitsOfThoseThatAreTooMany() {
    outgoing = outgoing(SlowConsumer.LATEST);
    outgoing.replayed();
    assertTrue(outgoing.send(text(40), true));
    for (int i = 0; i < 5; i++) {
      assertTrue(outgoing.send(text("n" + i), true));
    }
    assertEquals(List.of("81:40", "81:n4"), client.frames());
  }

  @Test
  void whatWaitedForTheClientDoesNotCountAgainstIt() {
    outgoing = outgoing(SlowConsumer.CLOSE);
    for (int i = 0; i < 9; i++) {
      assertTrue(outgoing.send(text(40), true));
    }
    assertEquals(360, outgoing.uncounted());
    assertEquals(100, outgoing.room());
    outgoing.replayed();
    assertTrue(outgoing.send(text(90), false), "of a channel's history");
    assertTrue(outgoing.send(text(90), true));
    assertFalse(outgoing.send(text(90), true));
    assertEquals(11, client.frames().size());
    assertEquals(0, outgoing.uncounted());
    assertEquals(100, outgoing.room());
  }

  @Test
  void pingsComeBeforeWhatWaitsAndTheOldestGoBeyondABound() {
    assertTrue(outgoing.send(text(40), true));
    assertTrue(outgoing.send(text("a"), true));
    for (int i = 0; i < 20; i++) {
      outgoing.control(WireFrame.pong(new byte[] {(byte) ('a' + i)}));
    }
    List<String> frames = client.frames();
    assertEquals("81:40", frames.getFirst());
    assertEquals("8a:e", frames.get(1));
    assertEquals("8a:t", frames.get(16));
    assertEquals("81:a", frames.getLast());
    assertEquals(18, frames.size());
  }

  @Test
  void theGoodbyeIsTheLast() {
    assertTrue(outgoing.send(text(40), true));
    assertTrue(outgoing.send(text("a"), true));
    outgoing.close(WireFrame.close(CloseCodes.NO_CODE, ""), false);
    assertFalse(outgoing.send(text("late"), true));
    outgoing.control(WireFrame.ping());
    outgoing.close(WireFrame.close(1001, "again"), true);
    assertFalse(outgoing.left());
    assertEquals(List.of("81:40", "88:"), client.frames(), "the second one drops what waits");
    assertTrue(outgoing.left());
    assertEquals(1, owner.goodbyes);
  }

  @Test
  void whatWaitsMayGoBeforeTheGoodbyeOrBeDropped() {
    assertTrue(outgoing.send(text(40), true));
    assertTrue(outgoing.send(text("a"), true));
    outgoing.close(WireFrame.close(CloseCodes.NO_CODE, ""), false);
    assertEquals(List.of("81:40", "81:a", "88:"), client.frames());
    outgoing = outgoing(SlowConsumer.CLOSE);
    assertTrue(outgoing.send(text(40), true));
    assertTrue(outgoing.send(text("a"), true));
    outgoing.close(WireFrame.close(CloseCodes.NO_CODE, ""), true);
    assertEquals(List.of("81:40", "88:"), client.frames());
    assertEquals(2, owner.goodbyes);
  }

  @Test
  void aSocketThatBreaksIsToldOnceAndTakesNothing() {
    assertTrue(outgoing.send(text(40), true));
    assertTrue(outgoing.send(text("a"), true));
    client.close();
    assertEquals(1, owner.failures);
    assertFalse(outgoing.send(text("b"), true));
  }

  @Test
  void wantOfMemoryEndsItInsteadOfSilence() {
    client.breaks = new OutOfMemoryError("of the test");
    assertFalse(outgoing.send(text("a"), true) && outgoing.send(text("b"), true));
    assertEquals(1, owner.failures);
    assertFalse(outgoing.send(text("c"), true));
  }

  @Test
  void emptyFramesAreBoundedAsOthersAre() {
    // The first waits in part, with nothing that counts.
    assertTrue(outgoing.send(text(40), false));
    for (int i = 0; i < 4; i++) {
      assertTrue(outgoing.send(text(""), true));
    }
    assertFalse(outgoing.send(text(""), true));
    assertEquals(1, owner.slow);
    client = new Client(30);
    outgoing = outgoing(SlowConsumer.DROP_OLDEST);
    outgoing.replayed();
    assertTrue(outgoing.send(text(40), false));
    for (int i = 0; i < 9; i++) {
      assertTrue(outgoing.send(text(""), true));
    }
    assertEquals(5, client.frames().size(), "the first one, and four");
  }

  @Test
  void whatLeavesIsToldApart() {
    assertTrue(outgoing.send(text(70), true));
    long begun = outgoing.departures();
    outgoing.close(WireFrame.close(CloseCodes.NO_CODE, ""), false);
    assertEquals(begun, outgoing.departures(), "what waits has not left");
    var _ = client.takeOutput();
    assertTrue(outgoing.waiting());
    long part = outgoing.departures();
    assertNotEquals(begun, part, "a part of it has");
    assertEquals(part, outgoing.departures());
    var _ = client.takeOutput();
    var _ = client.takeOutput();
    assertFalse(outgoing.waiting());
    assertNotEquals(part, outgoing.departures());
  }

  /** The end point may have written all of it before it returns, and others send meanwhile. */
  @Test
  void aWriteThatIsDoneBeforeItReturnsGoesOnWithWhatHasCome() {
    client.completes =
        callback -> {
          if (client.writes == 1) {
            assertTrue(outgoing.send(text("b"), true));
            assertTrue(outgoing.send(text("c"), true));
          }
          callback.succeeded();
        };
    assertTrue(outgoing.send(text("a"), true));
    assertEquals(List.of("81:a", "81:b", "81:c"), client.frames());
    assertEquals(2, client.writes, "the two that came in one");
    assertFalse(outgoing.waiting());
    assertEquals(100, outgoing.room());
  }

  @Test
  void aWriteThatAnotherThreadEndsBeforeItReturnsGoesOn() throws InterruptedException {
    client.completes =
        callback -> {
          if (client.writes == 1) {
            assertTrue(outgoing.send(text("b"), true));
          }
          var other = Thread.ofPlatform().start(callback::succeeded);
          try {
            other.join();
          } catch (InterruptedException e) {
            throw new IllegalStateException(e);
          }
        };
    assertTrue(outgoing.send(text("a"), true));
    assertEquals(List.of("81:a", "81:b"), client.frames());
    assertFalse(outgoing.waiting());
  }

  @Test
  void aWriteThatFailsBeforeItReturnsEndsIt() {
    client.completes = callback -> callback.failed(new IOException("of the test"));
    assertTrue(outgoing.send(text("a"), true));
    assertEquals(1, owner.failures);
    assertFalse(outgoing.send(text("b"), true));
    assertEquals(1, client.writes);
  }

  @Test
  void aWriteThatThrowsAmongManyEndsIt() {
    assertTrue(outgoing.send(text(40), true));
    assertTrue(outgoing.send(text("a"), true));
    assertTrue(outgoing.send(text("b"), true));
    client.breaks = new OutOfMemoryError("of the test");
    var _ = client.takeOutput();
    assertEquals(1, owner.failures);
    assertFalse(outgoing.send(text("c"), true));
  }

  @Test
  void manyAreServedFromOneBuffer() throws IOException {
    var frame = text(50);
    var first = new ArrayList<ByteBuffer>();
    for (int i = 0; i < 40; i++) {
      var buffers = new ArrayList<ByteBuffer>();
      frame.addTo(buffers);
      assertEquals(1, buffers.size());
      assertTrue(buffers.getFirst().isReadOnly());
      assertEquals(52, buffers.getFirst().remaining(), "whoever wrote it before");
      first.add(buffers.getFirst().position(52));
    }
    assertTrue(first.getLast().isDirect());
    assertFalse(first.getFirst().isDirect(), "for a few that is not worth the while");
  }

  @Test
  void lengthsAreInTheirShortestForm() {
    for (int length : new int[] {0, 125, 126, 65_535, 65_536}) {
      byte[] head =
          switch (length) {
            case 0 -> new byte[] {(byte) 0x82, 0};
            case 125 -> new byte[] {(byte) 0x82, 125};
            case 126 -> new byte[] {(byte) 0x82, 126, 0, 126};
            case 65_535 -> new byte[] {(byte) 0x82, 126, -1, -1};
            default -> new byte[] {(byte) 0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0};
          };
      var frame = WireFrame.message(new byte[length], true);
      for (int use = 0; use < 20; use++) {
        var buffers = new ArrayList<ByteBuffer>();
        frame.addTo(buffers);
        var all = ByteBuffer.allocate(head.length + length);
        buffers.forEach(all::put);
        assertFalse(all.hasRemaining());
        byte[] begins = new byte[head.length];
        all.flip().get(begins);
        assertArrayEquals(head, begins);
        assertEquals(use >= 16, buffers.getFirst().isDirect(), length + " bytes, use " + use);
      }
    }
  }

  @Test
  void aReasonIsCutBetweenCharacters() {
    ByteBuffer close = WireFrame.close(1000, "é".repeat(100));
    assertEquals(2 + 2 + 122, close.remaining());
    byte[] reason = new byte[122];
    close.position(4).get(reason);
    assertEquals("é".repeat(61), new String(reason, StandardCharsets.UTF_8));
  }
}
