package dev.heddle.leaf;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import dev.heddle.catalog.Change;
import dev.heddle.catalog.EventShape;
import dev.heddle.catalog.FunctionAlias;
import dev.heddle.catalog.FunctionKind;
import dev.heddle.catalog.FunctionRecord;
import dev.heddle.catalog.FunctionVersion;
import dev.heddle.catalog.testing.LocalCatalog;
import dev.heddle.engine.FunctionRef;
import dev.heddle.process.DataSize;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CodePrefetchTest {
  @TempDir private Path directory;

  private static FunctionVersion version(char digit) {
    String digest = String.valueOf(digit).repeat(64);
    return new FunctionVersion(
        digest,
        digest,
        "java",
        "a.B",
        "name: f",
        1,
        Optional.empty(),
        0,
        Duration.ofSeconds(1),
        DataSize.ofMiB(1),
        Map.of(),
        0,
        EventShape.JSON,
        List.of(),
        "",
        Instant.EPOCH);
  }

  private static FunctionRecord record(String name, char digit) {
    return new FunctionRecord(
        "default",
        name,
        FunctionKind.HANDLER,
        List.of(version(digit)),
        Map.of("latest", FunctionAlias.to(version(digit).digest())));
  }

  @Test
  void loadsVersionsThatAliasesNameAfterItBeganAndNoOthers() throws Exception {
    BlockingQueue<String> loaded = new LinkedBlockingQueue<>();
    try (var catalog = LocalCatalog.start(directory);
        var client = catalog.client();
        var prefetch =
            new CodePrefetch((FunctionRef ref) -> {
              loaded.add(ref.label());
              throw new HeddleException(ErrorCode.UNAVAILABLE, "code: not found");
            })) {
      LocalCatalog.write(client, List.of(Change.put(record("old", 'a'))));
      prefetch.follow(client.view());
      var two = record("old", 'a').withVersion(version('b'));
      LocalCatalog.write(client, List.of(Change.put(two)));
      prefetch.follow(client.view());
      // A failure is the next call's business: the next version is fetched as well.
      assertEquals("old@bbbbbbbb", shortened(loaded));
      LocalCatalog.write(client, List.of(Change.put(record("new", 'c'))));
      prefetch.follow(client.view());
      assertEquals("new@cccccccc", shortened(loaded));
      LocalCatalog.write(
          client, List.of(Change.put(two.withAlias("stable", FunctionAlias.to("a".repeat(64))))));
      prefetch.follow(client.view());
      assertEquals("old@aaaaaaaa", shortened(loaded));
      prefetch.follow(client.view());
      assertNull(loaded.poll());
    }
  }

  private static String shortened(BlockingQueue<String> loaded) throws InterruptedException {
    String label = String.valueOf(loaded.poll(60, TimeUnit.SECONDS));
    return label.substring(0, Math.min(label.length(), label.indexOf('@') + 9));
  }
}
