package dev.heddle.engine;

import static dev.heddle.engine.Workshop.fails;
import static dev.heddle.process.testing.Eventually.eventually;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.catalog.CatalogView;
import dev.heddle.catalog.Change;
import dev.heddle.catalog.FunctionAlias;
import dev.heddle.catalog.FunctionKind;
import dev.heddle.catalog.FunctionRecord;
import dev.heddle.catalog.testing.LocalCatalog;
import dev.heddle.function.Codec;
import dev.heddle.function.Coverage;
import dev.heddle.function.ScatterFunction;
import dev.heddle.function.ScatterRequest;
import dev.heddle.function.Shard;
import dev.heddle.function.testkit.InMemoryShard;
import dev.heddle.process.DataSize;
import dev.heddle.process.Deadline;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Scatter functions in sandboxes that can be interrupted and hold memory of the node. */
@Timeout(300)
final class ScatterSandboxTest {
  private final AtomicInteger alive = new AtomicInteger();

  /** Whether leaves go on in spite of interrupts, until they are released. */
  private final AtomicBoolean deaf = new AtomicBoolean();

  private final CountDownLatch release = new CountDownLatch(1);
  private final Workshop workshop =
      new Workshop(
          Workshop.config(2, 2, 4, DataSize.ofMiB(128)), Platform.NONE, new LoopingRuntime());
  private final FunctionRef loops =
      workshop.deploy(
          "loops", "looping", new byte[] {1}, "x", Duration.ofSeconds(30), DataSize.ofMiB(64), 0);
  private final Shard shard = InMemoryShard.builder("d", 0).build();

  @AfterEach
  void close() {
    workshop.close();
  }

  @Test
  void aRunawayLeafIsInterruptedAtTheDeadline() {
    var deadline = Deadline.after(Duration.ofSeconds(1), Workshop.TICKER);
    try (var run = workshop.engine.scatter(loops, Workshop.request(), deadline, QueryOrigin.NONE)) {
      fails(ErrorCode.DEADLINE_EXCEEDED, () -> run.leaf(shard));
    }
    assertEquals(0, alive.get());
  }

  @Test
  void aVersionWhoseQueriesDoNotStopIsRefusedUntilTheyDo() throws Exception {
    deaf.set(true);
    var deadline = Deadline.after(Duration.ofMillis(1), Workshop.TICKER);
    var queries = new ArrayList<Thread>();
    for (int i = 0; i < 2; i++) {
      var run = workshop.engine.scatter(loops, Workshop.request(), deadline, QueryOrigin.NONE);
      queries.add(
          Thread.ofPlatform()
              .start(() -> {
                try (run) {
                  run.leaf(shard);
                } catch (HeddleException e) {
                  assertEquals(ErrorCode.DEADLINE_EXCEEDED, e.code());
                }
              }));
    }
    eventually("both are noticed", () -> refusedAsStuck());
    release.countDown();
    for (var query : queries) {
      query.join();
    }
    workshop.engine.scatter(loops, Workshop.request()).close();
    assertEquals(0, alive.get());
    assertTrue(
        workshop.logs.read("default", "loops", 10, Optional.empty()).stream()
            .anyMatch(line -> line.text().contains("has not stopped at its deadline")));
  }

  private boolean refusedAsStuck() {
    try (var _ = workshop.engine.scatter(loops, Workshop.request())) {
      return false;
    } catch (HeddleException e) {
      return String.valueOf(e.getMessage())
          .contains("2 of its invocations do not stop after their deadline");
    }
  }

  @Test
  void instancesShareTheMemoryOfTheNode() {
    try (var _ = workshop.engine.scatter(loops, Workshop.request());
        var _ = workshop.engine.scatter(loops, Workshop.request())) {
      assertEquals(128 << 20, workshop.gauge("heddle.engine.sandboxes.bytes"));
      fails(ErrorCode.OVERLOADED, () -> workshop.engine.scatter(loops, Workshop.request()));
      assertEquals(2, alive.get());
      workshop.engine.keepOnly(CatalogView.empty());
      assertEquals(1, workshop.gauge("heddle.engine.loaded.versions"));
    }
    assertEquals(0, alive.get());
    assertEquals(0, workshop.gauge("heddle.engine.sandboxes.bytes"));
    assertEquals(0, workshop.gauge("heddle.engine.loaded.versions"));
  }

  @Test
  void theQueriesOfOneTenantLeaveHalfOfTheMemoryToOthers(@TempDir Path directory) throws Exception {
    var greedy = new FunctionRef("greedy", "loops", loops.version());
    var modest = new FunctionRef("modest", "loops", loops.version());
    share(workshop, directory, greedy, modest);
    var first = workshop.engine.scatter(greedy, Workshop.request());
    fails(
        ErrorCode.OVERLOADED,
        "sandboxes of tenant greedy: 67108864 bytes in use (expected: with 67108864 for"
            + " function "
            + greedy.label()
            + ", at most half of the node's 134217728, as others need it, too)",
        () -> workshop.engine.scatter(greedy, Workshop.request()));
    workshop.engine.scatter(modest, Workshop.request()).close();
    first.close();
    workshop.engine.scatter(greedy, Workshop.request()).close();
    assertEquals(0, workshop.gauge("heddle.engine.sandboxes.bytes"));
  }

  @Test
  void whatATenantsHandlersHoldCountsForItsQueries(@TempDir Path directory) throws Exception {
    var scripted = new ScriptedRuntime();
    var node =
        new Workshop(
            Workshop.config(2, 2, 4, DataSize.ofMiB(256)),
            Platform.NONE,
            new LoopingRuntime(),
            scripted);
    try {
      var version = deploy(node, "loops", "looping").version();
      var query = new FunctionRef("greedy", "loops", version);
      var handler = new FunctionRef("greedy", "fn", deploy(node, "fn", "scripted").version());
      var other = new FunctionRef("modest", "loops", version);
      share(node, directory, query, handler, other);
      var busy =
          Thread.ofVirtual()
              .start(() -> {
                var _ = node.invoke(handler, "{\"do\":\"block\"}");
              });
      eventually("it runs", () -> scripted.inside.get() == 1);
      node.engine.scatter(query, Workshop.request());
      fails(ErrorCode.OVERLOADED, () -> node.engine.scatter(query, Workshop.request()));
      node.engine.scatter(other, Workshop.request());
      scripted.release();
      busy.join();
      node.engine.scatter(query, Workshop.request());
    } finally {
      scripted.release();
      node.close();
    }
  }

  private static FunctionRef deploy(Workshop node, String name, String runtime) {
    return node.deploy(
        name, runtime, new byte[] {1}, "x", Duration.ofSeconds(30), DataSize.ofMiB(64), 0);
  }

  /** The functions of several tenants are in the catalog. */
  private static void share(Workshop node, Path directory, FunctionRef... functions)
      throws Exception {
    try (var catalog = LocalCatalog.start(directory);
        var client = catalog.client()) {
      LocalCatalog.write(
          client,
          Stream.of(functions)
              .map(ref ->
                  Change.put(
                      new FunctionRecord(
                          ref.tenant(),
                          ref.name(),
                          ref.name().equals("fn") ? FunctionKind.HANDLER : FunctionKind.SCATTER,
                          List.of(ref.version().orElseThrow()),
                          Map.of(
                              "latest", FunctionAlias.to(ref.version().orElseThrow().digest())))))
              .toList());
      node.engine.keepOnly(client.view());
    }
  }

  @Test
  void aScatterFunctionTakesNoEvents() {
    fails(
        ErrorCode.FUNCTION_FAILED,
        "function "
            + loops.label()
            + ": load failed: it is a scatter function (expected: a handler)",
        () -> workshop.invoke(loops, "1"));
  }

  /** Its leaf never ends by itself. */
  private final class LoopingRuntime implements FunctionRuntime {
    @Override
    public String name() {
      return "looping";
    }

    @Override
    public CheckedCode check(Code code, Manifest manifest) {
      throw new UnsupportedOperationException();
    }

    @Override
    public LoadedCode load(ShippedCode code, String label) {
      return new LoadedCode() {
        @Override
        public FunctionKind kind() {
          return FunctionKind.SCATTER;
        }

        @Override
        public Sandbox newSandbox(SandboxLimits limits) {
          throw new UnsupportedOperationException();
        }

        @Override
        public ScatterInstance newScatterInstance(SandboxLimits limits, Consumer<String> log) {
          var room = new Loop();
          return new ScatterInstance(room, room);
        }

        @Override
        public long footprint() {
          return 1;
        }

        @Override
        public void close() {}
      };
    }
  }

  private final class Loop implements ScatterFunction<Object, Object>, Sandbox {
    private final CountDownLatch interrupted = new CountDownLatch(1);

    Loop() {
      alive.incrementAndGet();
    }

    @Override
    public Object prepare(ScatterRequest request) {
      return "query";
    }

    @Override
    public Object leaf(Object query, Shard of) throws InterruptedException {
      (deaf.get() ? release : interrupted).await();
      throw new HeddleException(ErrorCode.CANCELLED, "function loops: interrupted");
    }

    @Override
    public Object merge(Object a, Object b) {
      return a;
    }

    @Override
    public Object finish(Object query, @Nullable Object partial, Coverage coverage) {
      return query;
    }

    @Override
    public Codec<Object> codec() {
      throw new UnsupportedOperationException();
    }

    @Override
    public byte[] invoke(byte[] event, Call call) {
      throw new UnsupportedOperationException();
    }

    @Override
    public boolean reusable() {
      return false;
    }

    @Override
    public void pause() {}

    @Override
    public void resume() {}

    @Override
    public void interrupt() {
      interrupted.countDown();
    }

    @Override
    public void destroy() {
      alive.decrementAndGet();
    }

    @Override
    public SandboxStatistics statistics() {
      return SandboxStatistics.NONE;
    }
  }
}
