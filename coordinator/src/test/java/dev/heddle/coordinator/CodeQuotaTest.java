package dev.heddle.coordinator;

import static dev.heddle.coordinator.HandlerRecords.handler;
import static dev.heddle.coordinator.HandlerRecords.version;
import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.heddle.catalog.FunctionRecord;
import dev.heddle.process.DataSize;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.util.List;
import org.junit.jupiter.api.Test;

final class CodeQuotaTest {
  private static void require(long most, FunctionRecord changed, FunctionRecord... functions) {
    CodeQuota.require(List.of(functions), changed, new DataSize(most));
  }

  @Test
  void countsAllVersionsAndWhatWasCompiled() {
    var before = handler("a", version(1, 100, 50));
    var after = handler("b", version(2, 10, 0), version(3, 5, 5));
    assertDoesNotThrow(() -> require(170, after, before));
    var refusal = assertThrows(HeddleException.class, () -> require(169, after, before));
    assertEquals(ErrorCode.LIMIT_REACHED, refusal.code());
    assertEquals(
        "code of all functions: 170B with this version (expected: at most 169B; delete functions"
            + " that are not needed)",
        refusal.getMessage());
  }

  @Test
  void theSameCodeCountsOnceAndWhatIsReplacedNotAtAll() {
    var before = handler("a", version(1, 100, 0));
    assertDoesNotThrow(() -> require(100, handler("b", version(1, 100, 0)), before));
    assertDoesNotThrow(() -> require(90, handler("a", version(2, 90, 0)), before));
  }
}
