package dev.heddle.engine;

import static dev.heddle.engine.Workshop.fails;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.heddle.catalog.CatalogView;
import dev.heddle.catalog.FunctionKind;
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
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Scatter functions in sandboxes that can be interrupted and hold memory of the node. */
@Timeout(300)
final class ScatterSandboxTest {
  private final AtomicInteger alive = new AtomicInteger();
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
      interrupted.await();
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
