package dev.heddle.gateway.websocket;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.process.testing.Eventually;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.eclipse.jetty.io.ByteArrayEndPoint;
import org.eclipse.jetty.server.LocalConnector;
import org.eclipse.jetty.server.Server;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The life of a socket, on an end point in memory. */
@Timeout(60)
class FramedSocketTest {
  /** Frames of a client, with a mask of zeros. */
  private static final String TEXT = "81810000000061";

  private static final String CLOSE = "88820000000003e8";

  private static final SocketBounds BOUNDS =
      new SocketBounds(100, 1_000, 10, SlowConsumer.CLOSE, null, 0);

  private final Server server = new Server();
  private final LocalConnector connector = new LocalConnector(server);
  private final ByteArrayEndPoint endPoint = new ByteArrayEndPoint(new byte[0], 30);
  private final Owner owner = new Owner();
  private final FramedSocket socket = new FramedSocket(endPoint, connector, BOUNDS, null, owner);

  /** Fails where it is told to. */
  private static final class Owner implements SocketListener {
    private final List<String> told = new CopyOnWriteArrayList<>();
    private boolean opens = true;
    private Runnable opening = () -> {};

    @Override
    public void opened(FramedSocket socket) {
      if (!opens) {
        throw new IllegalStateException("of the test");
      }
      opening.run();
      socket.demand();
    }

    @Override
    public void came(int frames, int bytes) {
      told.add("came " + frames + " " + bytes);
    }

    @Override
    public void message(byte[] payload, boolean binary) {
      throw new IllegalStateException("of the test");
    }

    @Override
    public void control(int bytes) {
      told.add("control");
    }

    @Override
    public void slow() {
      told.add("slow");
    }

    @Override
    public void failed() {
      told.add("failed");
    }

    @Override
    public void ended(int code, String reason) {
      told.add("ended " + code);
    }
  }

  @BeforeEach
  void start() throws Exception {
    server.addConnector(connector);
    server.start();
    endPoint.setConnection(socket);
  }

  @AfterEach
  void stop() throws Exception {
    endPoint.close();
    server.stop();
  }

  private void comes(String hex) {
    endPoint.addInput(ByteBuffer.wrap(HexFormat.of().parseHex(hex)));
  }

  private String written() {
    ByteBuffer out = endPoint.takeOutput();
    byte[] bytes = new byte[out.remaining()];
    out.get(bytes);
    return HexFormat.of().formatHex(bytes);
  }

  private void ends(int code) {
    Eventually.eventually("ended " + code, () -> owner.told.contains("ended " + code));
  }

  @Test
  void whoseMessageFailsIsToldThatItWasUs() {
    socket.onOpen();
    comes(TEXT);
    ends(1011);
    assertTrue(written().startsWith("88" + "10" + "03f3"));
    assertEquals(List.of("came 1 1", "ended 1011"), owner.told);
  }

  @Test
  void whoseOpeningFailsIsToldThatItWasUs() {
    owner.opens = false;
    socket.onOpen();
    assertEquals(List.of("ended 1011"), owner.told);
    assertTrue(written().startsWith("88" + "10" + "03f3"));
  }

  @Test
  void whatWasClosedBeforeItOpenedEnds() {
    endPoint.close();
    socket.onOpen();
    assertEquals(List.of("ended 1006"), owner.told);
  }

  @Test
  void whatIsClosedWhileItOpensEndsWhenItHas() {
    owner.opening =
        () -> {
          endPoint.close();
          socket.onClose(null);
          assertEquals(List.of(), owner.told, "it has not opened");
        };
    socket.onOpen();
    assertEquals(List.of("ended 1006"), owner.told);
  }

  @Test
  void whatSaysGoodbyeWhileItOpensEndsWithTheClients() {
    owner.opening = () -> socket.close(1001, "", false);
    socket.onOpen();
    assertEquals("880203e9", written());
    comes(CLOSE);
    ends(1000);
  }

  /** However much came with the handshake, the socket reads it, and what comes after it. */
  @Test
  void whatCameWithTheHandshakeIsReadFirst() {
    for (int frames : new int[] {1, 1_000}) {
      var early = ByteBuffer.wrap(HexFormat.of().parseHex("8a8000000000".repeat(frames)));
      var end = new ByteArrayEndPoint(new byte[0], 30);
      var heard = new Owner();
      var other = new FramedSocket(end, connector, BOUNDS, null, heard);
      end.setConnection(other);
      other.onUpgradeTo(early);
      other.onOpen();
      end.addInput(ByteBuffer.wrap(HexFormat.of().parseHex(CLOSE)));
      Eventually.eventually("ended 1000", () -> heard.told.contains("ended 1000"));
      assertEquals(frames, heard.told.stream().filter("control"::equals).count());
      end.close();
    }
  }

  @Test
  void partsThatHoldNothingAreCountedBeforeTheirEnd() {
    socket.onOpen();
    comes("018000000000" + "008000000000".repeat(9));
    Eventually.eventually("counted", () -> owner.told.contains("came 10 0"));
  }

  @Test
  void whatWaitsIsDroppedWhenTheClientSaysGoodbye() {
    socket.onOpen();
    socket.replayed();
    byte[] text = "x".repeat(40).getBytes(StandardCharsets.UTF_8);
    for (int i = 0; i < 5; i++) {
      assertTrue(socket.send(WireFrame.message(text, false), true));
    }
    comes(CLOSE);
    ends(1000);
    var all = new StringBuilder();
    Eventually.eventually(
        "our goodbye",
        () -> {
          all.append(written());
          return all.toString().endsWith("880203e8");
        });
    assertEquals(2 * (2 + 40 + 4), all.length(), "the frame that was being written, and ours");
  }
}
