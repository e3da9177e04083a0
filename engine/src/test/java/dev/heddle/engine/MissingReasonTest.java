package dev.heddle.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.process.ErrorCode;
import java.util.Set;
import org.junit.jupiter.api.Test;

final class MissingReasonTest {
  private static final Set<String> WORDS =
      Set.of("deadline", "cancelled", "refused", "stale", "no_replica", "unreachable", "failed");

  @Test
  void everyFailureHasAWordThatIsDocumented() {
    for (var code : ErrorCode.values()) {
      assertTrue(
          WORDS.contains(MissingReason.of(code)), () -> code + ": " + MissingReason.of(code));
    }
  }

  @Test
  void aNodeThatHasNotSeenTheCatalogYetIsNotThere() {
    assertEquals("unreachable", MissingReason.of(ErrorCode.CATALOG_UNAVAILABLE));
    assertEquals("unreachable", MissingReason.of(ErrorCode.UNAVAILABLE));
  }
}
