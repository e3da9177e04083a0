package dev.heddle.gateway.session;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

/** What is sealed by ciphers that serve one value after the other. */
class AttributeCipherTest {
  private final AttributeCipher cipher = new AttributeCipher(KeyRing.ephemeral());

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  @Test
  void valuesOfManyThreadsAreNotMixedUp() throws Exception {
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<?>> all = new ArrayList<>();
      for (int i = 0; i < 200; i++) {
        String tenant = "t" + i % 3;
        String session = "s" + i % 7;
        byte[] plain = bytes("value " + i + " " + "x".repeat(i * 13));
        all.add(
            threads.submit(() -> {
              for (int turn = 0; turn < 20; turn++) {
                byte[] sealed = cipher.seal(tenant, session, "name", plain);
                assertEquals(plain.length, AttributeCipher.plainLength(sealed));
                assertArrayEquals(plain, cipher.open(tenant, session, "name", sealed));
              }
            }));
      }
      for (Future<?> each : all) {
        each.get();
      }
    }
  }

  @Test
  void whatDoesNotOpenSpoilsNothingAfterIt() {
    byte[] sealed = cipher.seal("t", "s", "name", bytes("a value"));
    byte[] changed = sealed.clone();
    changed[changed.length - 1] ^= 1;
    for (int i = 0; i < 3; i++) {
      var refused =
          assertThrows(HeddleException.class, () -> cipher.open("t", "s", "name", changed));
      assertEquals(ErrorCode.INTERNAL, refused.code());
      assertThrows(HeddleException.class, () -> cipher.open("t", "s", "other", sealed));
      assertArrayEquals(bytes("a value"), cipher.open("t", "s", "name", sealed));
    }
  }

  @Test
  void noTwoSealedValuesHaveTheSameNonce() {
    byte[] one = cipher.seal("t", "s", "name", bytes("a value"));
    byte[] other = cipher.seal("t", "s", "name", bytes("a value"));
    assertFalse(Arrays.equals(AttributeCipher.stamp(one), AttributeCipher.stamp(other)));
  }
}
