package dev.heddle.coordinator;

import dev.heddle.catalog.EventShape;
import dev.heddle.catalog.FunctionAlias;
import dev.heddle.catalog.FunctionKind;
import dev.heddle.catalog.FunctionRecord;
import dev.heddle.catalog.FunctionVersion;
import dev.heddle.process.DataSize;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Handlers as the catalog knows them, without code behind them. */
final class HandlerRecords {
  private HandlerRecords() {}

  /**
   * @param digit its digests begin with it
   * @param compiled bytes; 0: not compiled
   */
  static FunctionVersion version(int digit, long bytes, long compiled) {
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
        Duration.ofSeconds(60),
        DataSize.ofMiB(1),
        Map.of(),
        0,
        EventShape.JSON,
        List.of(),
        "",
        Instant.EPOCH);
  }

  /**
   * @param versions the first is the latest
   */
  static FunctionRecord handler(String name, FunctionVersion... versions) {
    return new FunctionRecord(
        "default",
        name,
        FunctionKind.HANDLER,
        List.of(versions),
        Map.of(FunctionRecord.LATEST, FunctionAlias.to(versions[0].digest())));
  }
}
