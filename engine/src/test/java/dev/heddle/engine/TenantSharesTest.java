package dev.heddle.engine;

import static dev.heddle.process.testing.Eventually.eventually;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.heddle.catalog.Change;
import dev.heddle.catalog.FunctionAlias;
import dev.heddle.catalog.FunctionKind;
import dev.heddle.catalog.FunctionRecord;
import dev.heddle.catalog.testing.LocalCatalog;
import dev.heddle.process.DataSize;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Whatever some ask for, others find room. */
@Timeout(300)
final class TenantSharesTest {
  private static final String BLOCK = "{\"do\":\"block\"}";

  @TempDir private Path directory;
  private final ScriptedRuntime runtime = new ScriptedRuntime();
  private final List<Thread> threads = new ArrayList<>();

  @AfterEach
  void release() throws InterruptedException {
    runtime.release();
    for (var thread : threads) {
      thread.join();
    }
  }

  private static FunctionRef deploy(Workshop workshop, String tenant, String name, int mib) {
    var ref =
        workshop.deploy(
            name,
            "scripted",
            name.getBytes(StandardCharsets.UTF_8),
            name,
            Duration.ofSeconds(50),
            DataSize.ofMiB(mib),
            0);
    return new FunctionRef(tenant, name, ref.version());
  }

  private void send(Runnable body) {
    threads.add(Thread.ofVirtual().start(body));
  }

  private static Change written(FunctionRef ref) {
    var version = ref.version().orElseThrow();
    return Change.put(
        new FunctionRecord(
            ref.tenant(),
            ref.name(),
            FunctionKind.HANDLER,
            List.of(version),
            Map.of("latest", FunctionAlias.to(version.digest()))));
  }

  @Test
  void aTenantThatFloodsTheNodeLeavesHalfOfItToOthers() throws Exception {
    var refused = new AtomicInteger();
    try (var workshop = new Workshop(Workshop.config(4, 8, 8), Platform.NONE, runtime);
        var catalog = LocalCatalog.start(directory);
        var client = catalog.client()) {
      var flood = deploy(workshop, "flood", "flood", 1);
      var neighbour = deploy(workshop, "neighbour", "neighbour", 1);
      LocalCatalog.write(client, List.of(written(flood), written(neighbour)));
      workshop.engine.keepOnly(client.view());
      for (int i = 0; i < 20; i++) {
        send(() -> {
          try {
            workshop.invoke(flood, BLOCK);
          } catch (HeddleException e) {
            assertEquals(ErrorCode.QUEUE_FULL, e.code());
            refused.incrementAndGet();
          }
        });
      }
      eventually("the rest is refused", () -> refused.get() == 14);
      eventually("two run", () -> runtime.inside.get() == 2);
      assertEquals(4, workshop.engine.report().queued());
      for (int i = 0; i < 10; i++) {
        assertEquals("" + i, workshop.invoke(neighbour, "" + i));
      }
      assertEquals(2, runtime.inside.get());
      release();
      assertEquals(14, refused.get());
    }
  }

  @Test
  void anEventThatWaitsForMemoryIsNotOvertakenForEver() throws Exception {
    var config = Workshop.config(4, 8, 8, DataSize.ofMiB(192));
    try (var workshop = new Workshop(config, Platform.NONE, runtime)) {
      var blocker = deploy(workshop, "default", "blocker", 64);
      var large = deploy(workshop, "default", "large", 192);
      var small = deploy(workshop, "default", "small", 64);
      send(() -> workshop.invoke(blocker, BLOCK));
      eventually("it runs", () -> runtime.inside.get() == 1);
      send(() -> workshop.invoke(large, "1"));
      eventually("it waits", () -> workshop.engine.report().queued() == 1);
      for (int i = 0; i < 100; i++) {
        assertEquals("" + i, workshop.invoke(small, "" + i));
      }
      send(() -> workshop.invoke(small, "1"));
      eventually("it waits behind", () -> workshop.engine.report().queued() == 2);
      release();
      assertEquals("1", workshop.invoke(small, "1"));
    }
  }
}
