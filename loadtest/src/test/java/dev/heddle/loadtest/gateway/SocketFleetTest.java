package dev.heddle.loadtest.gateway;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.loadtest.chaos.FreePorts;
import dev.heddle.process.Ticker;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.ExecutionException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
class SocketFleetTest {
  private static final int SOCKETS = 300;

  /** That others of this process may open meanwhile. */
  private static final int OTHERS = 100;

  @TempDir private Path directory;

  private static final class Silent implements SocketListener {
    @Override
    public void text(ClientSocket from, String text) {}

    @Override
    public void closed(int code) {}

    @Override
    public void pong() {}
  }

  private static long descriptors() throws IOException {
    try (var all = Files.list(Path.of("/proc/self/fd"))) {
      return all.count();
    }
  }

  @Test
  void whatOpensNotSaysWhy() {
    var first = new IOException("Too many open files");
    var failure = new ExecutionException(new IllegalStateException("no channel", first));
    assertEquals(first.toString(), SocketFleet.why(failure));
  }

  @Test
  void nothingIsLeftOpenOfAFleetWhoseServerHasGone() throws Exception {
    long before;
    try (var fleet = new SocketFleet(1)) {
      before = descriptors();
      try (var server = NettySocketFloor.start(directory, new FreePorts(), Ticker.system())) {
        var door = Door.plain(server.address(), "/ws/echo");
        var _ = fleet.openAll(door, SOCKETS, any -> new Silent());
        assertTrue(descriptors() >= before + SOCKETS);
      }
    }
    long after = descriptors();
    assertTrue(after <= before + OTHERS, after + " descriptors (expected: about " + before + ")");
  }
}
