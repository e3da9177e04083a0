package dev.heddle.replication;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.process.HostPort;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(300)
final class SilencesTest {
  private static final RaftConfig QUICK =
      RaftConfig.defaults().withElections(Duration.ofMillis(300), Duration.ofMillis(600));

  @TempDir private Path directory;

  /** Like one behind a network that was cut while there was something on its way. */
  @Test
  void aMemberThatTakesCallsAndNeverAnswersIsConnectedToAnew() throws Exception {
    try (ServerSocket silent = new ServerSocket(0, 8, InetAddress.getLoopbackAddress());
        RaftNode node =
            new RaftNode(
                "a",
                new HostPort("127.0.0.1", 0),
                QUICK,
                List.of(),
                Clock.systemUTC(),
                Duration.ofMillis(700))) {
      silent.setSoTimeout(120_000);
      node.start();
      UUID id = UUID.randomUUID();
      Member other = new Member("b", new HostPort("127.0.0.1", silent.getLocalPort()));
      Sums replica =
          new Sums(
              directory.resolve("a.state"),
              name -> {
                throw new AssertionError(name);
              });
      var _ = node.open(id, directory.resolve("a"), List.of(node.member(), other), replica);
      try (Socket first = silent.accept();
          Socket second = silent.accept()) {
        assertTrue(second.isConnected());
        // What was said before it was given up is read; then it ends.
        first.setSoTimeout(120_000);
        while (first.getInputStream().read() >= 0) {}
      }
    }
  }

  @Test
  void addressesAreThoseOfMembers() {
    assertEquals("10.0.0.1:7200", Silences.address("dns:///10.0.0.1:7200"));
    assertEquals("[::1]:7200", Silences.address("dns:///%5B::1%5D:7200"));
    assertEquals("leaf-1:7200", Silences.address("leaf-1:7200"));
  }
}
