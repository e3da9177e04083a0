package dev.heddle.coordinator;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.heddle.catalog.EventShape;
import dev.heddle.catalog.FunctionAlias;
import dev.heddle.catalog.FunctionKind;
import dev.heddle.catalog.FunctionRecord;
import dev.heddle.catalog.FunctionVersion;
import dev.heddle.process.DataSize;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

final class CodeQuotaTest {
  /** One version, whose digests begin with a digit. */
  private static FunctionVersion version(int digit, long bytes, long compiled) {
    String digest = String.valueOf(digit).repeat(64);
    return new FunctionVersion(
        digest,
        digest,
        "wasm",
        "",
        "name: any",
        bytes,
        compiled == 0 ? Optional.empty() : Optional.of("c" + digest.substring(1)),
        compiled,
        Duration.ofSeconds(1),
        DataSize.ofMiB(1),
        Map.of(),
        0,
        EventShape.JSON,
        List.of(),
        "",
        Instant.EPOCH);
  }

  private static FunctionRecord function(String name, FunctionVersion... versions) {
    return new FunctionRecord(
        "default",
        name,
        FunctionKind.HANDLER,
        List.of(versions),
        Map.of(FunctionRecord.LATEST, FunctionAlias.to(versions[0].digest())));
  }

  private static void require(long most, FunctionRecord changed, FunctionRecord... functions) {
    CodeQuota.require(List.of(functions), changed, new DataSize(most));
  }

  @Test
  void countsAllVersionsAndWhatWasCompiled() {
    var before = function("a", version(1, 100, 50));
    var after = function("b", version(2, 10, 0), version(3, 5, 5));
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
    var before = function("a", version(1, 100, 0));
    assertDoesNotThrow(() -> require(100, function("b", version(1, 100, 0)), before));
    assertDoesNotThrow(() -> require(90, function("a", version(2, 90, 0)), before));
  }
}
