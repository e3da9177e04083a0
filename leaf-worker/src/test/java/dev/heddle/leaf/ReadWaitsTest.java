package dev.heddle.leaf;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import org.junit.jupiter.api.Test;

class ReadWaitsTest {
  @Test
  void anAnswerFromBeforeWhatWasWaitedForIsRefused() {
    HeddleException stale = assertThrows(HeddleException.class, () -> ReadWaits.check(3, 100, 99));
    assertEquals(ErrorCode.STALE_REPLICA, stale.code());
    assertDoesNotThrow(() -> ReadWaits.check(3, 100, 100));
    assertDoesNotThrow(() -> ReadWaits.check(3, -1, 0));
  }
}
