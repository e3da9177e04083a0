package dev.heddle.cli.node;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.HostPort;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RememberedAddressTest {
  private static final HostPort ANY = new HostPort("127.0.0.1", 0);

  @TempDir private Path folder;

  @Test
  void choosesAPortOnceAndKeepsIt() {
    assertEquals(Optional.empty(), RememberedAddress.in(folder));
    HostPort first = RememberedAddress.of(ANY, folder);
    assertNotEquals(0, first.port());
    assertEquals(first, RememberedAddress.of(ANY, folder));
    assertEquals(first, RememberedAddress.of(first, folder));
    assertEquals(Optional.of(first), RememberedAddress.in(folder));
  }

  @Test
  void keepsClearOfThePortsThatClientsGet() {
    for (int i = 0; i < 100; i++) {
      int port = FreePort.any("127.0.0.1").port();
      assertTrue(port >= 10_000 && port < 32_000, "port " + port);
    }
  }

  @Test
  void refusesAnotherAddressThanTheOthersKnow() {
    HostPort known = new HostPort("127.0.0.1", 7201);
    assertEquals(known, RememberedAddress.of(known, folder));
    for (HostPort other : new HostPort[] {known.withPort(7202), new HostPort("10.0.0.1", 7201)}) {
      HeddleException failure =
          assertThrows(HeddleException.class, () -> RememberedAddress.of(other, folder));
      assertEquals(ErrorCode.INVALID_REQUEST, failure.code());
      assertTrue(
          String.valueOf(failure.getMessage())
              .startsWith("replication: " + other + " (expected: " + known));
    }
  }

  @Test
  void saysWhatIsWrongWithADamagedFile() throws IOException {
    Files.writeString(folder.resolve("replication"), "somewhere\n");
    HeddleException failure =
        assertThrows(HeddleException.class, () -> RememberedAddress.of(ANY, folder));
    assertEquals(ErrorCode.STORAGE_FAILED, failure.code());
  }
}
