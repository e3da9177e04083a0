package dev.heddle.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.heddle.catalog.CatalogView;
import dev.heddle.catalog.Change;
import dev.heddle.catalog.EventShape;
import dev.heddle.catalog.FunctionAlias;
import dev.heddle.catalog.FunctionKind;
import dev.heddle.catalog.FunctionRecord;
import dev.heddle.catalog.FunctionVersion;
import dev.heddle.catalog.testing.LocalCatalog;
import dev.heddle.process.DataSize;
import dev.heddle.process.testing.ManualClock;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(300)
final class BlobRetentionTest {
  @TempDir private Path directory;
  private final ManualClock clock = new ManualClock(Instant.EPOCH);

  private static String put(BlobStore store, String content) {
    var bytes = content.getBytes(StandardCharsets.UTF_8);
    store.put(Digests.of(bytes), bytes);
    return Digests.of(bytes);
  }

  private static FunctionRecord record(String blob, String compiled) {
    var version =
        new FunctionVersion(
            blob,
            blob,
            "wasm",
            "",
            "name: f",
            1,
            Optional.of(compiled),
            1,
            Duration.ofSeconds(1),
            DataSize.ofMiB(1),
            Map.of(),
            0,
            EventShape.JSON,
            List.of(),
            "",
            Instant.EPOCH);
    return new FunctionRecord(
        "default",
        "f",
        FunctionKind.HANDLER,
        List.of(version),
        Map.of("latest", FunctionAlias.to(blob)));
  }

  @Test
  void deletesWhatNothingHasNamedForAnHour() throws Exception {
    var store = new BlobStore(directory.resolve("blobs"));
    var code = put(store, "code");
    var compiled = put(store, "compiled");
    var old = put(store, "old");
    var retention = new BlobRetention(store, clock);
    try (var catalog = LocalCatalog.start(directory.resolve("catalog"));
        var client = catalog.client()) {
      LocalCatalog.write(client, List.of(Change.put(record(code, compiled))));
      var view = client.view();
      retention.follow(view);
      // Deployed, and not named yet.
      clock.advance(Duration.ofMinutes(50));
      var young = put(store, "young");
      retention.follow(view);
      assertEquals(4, store.digests().size());
      clock.advance(Duration.ofMinutes(10));
      retention.follow(view);
      assertEquals(Stream.of(code, compiled, young).sorted().toList(), store.digests());
      assertEquals(Optional.empty(), store.get(old));
      // The catalog was lost sight of: nobody knows what it names.
      clock.advance(Duration.ofHours(5));
      retention.follow(CatalogView.empty());
      assertEquals(3, store.digests().size());
      retention.follow(view);
      assertEquals(Stream.of(code, compiled).sorted().toList(), store.digests());
    }
  }
}
