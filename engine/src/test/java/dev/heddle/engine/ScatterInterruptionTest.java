package dev.heddle.engine;

import static dev.heddle.engine.Workshop.fails;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.function.Query;
import dev.heddle.function.Shard;
import dev.heddle.function.testkit.InMemoryShard;
import dev.heddle.process.Deadline;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Scatter functions in Java that wait, and for whom nobody waits any more. */
@Timeout(60)
final class ScatterInterruptionTest {
  /** Counts, then waits for good. */
  private static final String WAITING =
      """
      public class Waiting implements ScatterFunction<JsonObject, Long> {
        public JsonObject prepare(ScatterRequest request) { return request.args(); }
        public Long leaf(JsonObject query, Shard shard) throws InterruptedException {
          long found = shard.count(new Query.All());
          if (found < 0) return found;
          new java.util.concurrent.CountDownLatch(1).await();
          return found;
        }
        public Long merge(Long a, Long b) { return a + b; }
        public Object finish(JsonObject query, Long partial, Coverage coverage) { return partial; }
        public Codec<Long> codec() {
          return new Codec<Long>() {
            public void write(Long partial, java.io.DataOutput out) throws java.io.IOException {
              out.writeLong(partial);
            }
            public Long read(java.io.DataInput in) throws java.io.IOException {
              return in.readLong();
            }
          };
        }
      }
      """;

  private final Workshop workshop = new Workshop(Workshop.config(2, 2, 1));
  private final FunctionRef waiting = workshop.deploy(Jars.of(WAITING), "user.Waiting");
  private final CountDownLatch inShard = new CountDownLatch(1);
  private final CountDownLatch leaves = new CountDownLatch(1);
  private final AtomicReference<Boolean> interruptedInShard = new AtomicReference<>();

  @AfterEach
  void close() {
    leaves.countDown();
    workshop.close();
  }

  /** One that counts only when it may, and notes whether its thread was interrupted by then. */
  private Shard shard(long count) {
    var empty = InMemoryShard.builder("d", 0).build();
    return (Shard)
        Proxy.newProxyInstance(
            Shard.class.getClassLoader(),
            new Class<?>[] {Shard.class},
            (_, method, args) -> {
              if (!method.getName().equals("count")) {
                try {
                  return method.invoke(empty, args);
                } catch (InvocationTargetException e) {
                  throw e.getCause();
                }
              }
              assertTrue(args[0] instanceof Query.All);
              inShard.countDown();
              leaves.await();
              interruptedInShard.set(Thread.currentThread().isInterrupted());
              return count;
            });
  }

  /** What the leaf threw, on a thread of its own. */
  private static CompletableFuture<HeddleException> leaf(ScatterRun run, Shard shard) {
    var thrown = new CompletableFuture<HeddleException>();
    Thread.ofPlatform()
        .daemon()
        .start(() -> {
          try {
            var _ = run.leaf(shard);
            thrown.completeExceptionally(new AssertionError("it ended (expected: a failure)"));
          } catch (HeddleException e) {
            thrown.complete(e);
          } catch (RuntimeException | Error e) {
            thrown.completeExceptionally(e);
          }
          if (Thread.currentThread().isInterrupted()) {
            thrown.obtrudeException(new AssertionError("interrupted (expected: not any more)"));
          }
        });
    return thrown;
  }

  private ScatterRun run(Duration time) {
    return workshop.engine.scatter(
        waiting, Workshop.request(), Deadline.after(time, Workshop.TICKER), QueryOrigin.NONE);
  }

  @Test
  void whoWaitsIsInterruptedWhenNobodyNeedsItAnyMore() throws Exception {
    try (var run = run(Duration.ofMinutes(10))) {
      leaves.countDown();
      var thrown = leaf(run, shard(3));
      inShard.await();
      run.abandon();

      assertEquals(ErrorCode.CANCELLED, thrown.get().code());
      fails(ErrorCode.CANCELLED, () -> run.leaf(shard(3)));
    }
  }

  /** An interrupt would close what other queries read, too. */
  @Test
  void whoIsInAShardIsInterruptedOnlyWhenItComesBack() throws Exception {
    try (var run = run(Duration.ofMinutes(10))) {
      var thrown = leaf(run, shard(3));
      inShard.await();
      run.abandon();
      leaves.countDown();

      assertEquals(ErrorCode.CANCELLED, thrown.get().code());
      assertFalse(interruptedInShard.get());
    }
  }

  /** Its collector's code runs within the shard, and asks it for more. */
  @Test
  void whoCallsAShardWithinAShardIsStillInIt() {
    var interruption = new Interruption();
    var inner = new AtomicReference<Shard>();
    var interrupted = new AtomicReference<Boolean>();
    var shard =
        new UninterruptedShard(
            (Shard)
                Proxy.newProxyInstance(
                    Shard.class.getClassLoader(),
                    new Class<?>[] {Shard.class},
                    (_, method, _) -> {
                      if (method.getName().equals("count")) {
                        var _ = inner.get().frequency("f", "t");
                        interruption.interrupt();
                        interrupted.set(Thread.currentThread().isInterrupted());
                      }
                      return 1L;
                    }),
            interruption);
    inner.set(shard);

    interruption.enter(() -> false);
    long found = shard.count(new Query.All());
    boolean afterwards = Thread.currentThread().isInterrupted();
    interruption.leave();

    assertEquals(1, found);
    assertFalse(interrupted.get());
    assertTrue(afterwards);
    assertFalse(Thread.currentThread().isInterrupted());
  }

  /** What reached it just before it went into the shard reaches it again when it comes back. */
  @Test
  void noInterruptIsLostOnTheWayIntoAShard() {
    var interruption = new Interruption();
    var shard = new UninterruptedShard(InMemoryShard.builder("d", 0).build(), interruption);

    interruption.enter(() -> false);
    interruption.interrupt();
    assertEquals(0, shard.count(new Query.All()));
    boolean afterwards = Thread.currentThread().isInterrupted();
    interruption.leave();

    assertTrue(afterwards);
    assertFalse(Thread.currentThread().isInterrupted());
  }

  @Test
  void whoWaitsIsInterruptedAtTheDeadline() throws Exception {
    leaves.countDown();
    try (var run = run(Duration.ofMillis(300))) {
      assertEquals(ErrorCode.DEADLINE_EXCEEDED, leaf(run, shard(3)).get().code());
    }
  }

  @Test
  void whatHasEndedIsLeftAlone() {
    leaves.countDown();
    var run = run(Duration.ofMinutes(10));
    var partial = run.leaf(shard(-1));
    assertEquals(8, run.encode(partial).length);
    run.close();

    run.abandon();

    assertFalse(Thread.currentThread().isInterrupted());
  }
}
