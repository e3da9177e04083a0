package dev.heddle.engine.wasm;

import static dev.heddle.engine.wasm.WasmNode.failure;
import static dev.heddle.process.testing.Eventually.eventually;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.catalog.FunctionKind;
import dev.heddle.engine.FunctionRef;
import dev.heddle.engine.LateRuntime;
import dev.heddle.engine.Platform;
import dev.heddle.engine.QueryOrigin;
import dev.heddle.engine.wasm.ModuleBuilder.Code;
import dev.heddle.function.Shard;
import dev.heddle.function.testkit.InMemoryShard;
import dev.heddle.process.ErrorCode;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.ArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Modules that never end, wherever they do so: each is stopped, and its neighbour is served. */
@Timeout(300)
final class RunawayModulesTest {
  private static final Duration SOON = Duration.ofSeconds(1);

  private final WasmNode node = new WasmNode();

  @AfterEach
  void close() {
    node.close();
  }

  /** A scatter function; its leaf looks at its shard and then does this. */
  private static byte[] scatter(Code leaf, Code merge) {
    var module = ModuleBuilder.empty(1);
    int documents = module.imported("heddle", "shard_documents", "i", "l");
    module.alloc();
    return steps(
        module, new Code().get(0).call(documents).drop().raw(leaf.bytes()).reply(0, 0), merge);
  }

  private static byte[] steps(ModuleBuilder module, Code leaf, Code merge) {
    module.export("heddle_prepare", module.function("ii", "i", new Code().i32(0)));
    module.export("heddle_leaf", module.function("i", "l", leaf));
    module.export("heddle_merge", module.function("iiii", "l", merge.reply(0, 0)));
    module.export("heddle_finish", module.function("iiii", "l", new Code().reply(0, 0)));
    return module.build();
  }

  private static Shard shard(Runnable onLook) {
    var shard = InMemoryShard.builder("d", 1).build();
    return (Shard)
        Proxy.newProxyInstance(
            Shard.class.getClassLoader(),
            new Class<?>[] {Shard.class},
            (proxy, method, arguments) -> {
              if (method.getName().equals("documents")) {
                onLook.run();
              }
              return method.invoke(shard, arguments);
            });
  }

  private FunctionRef deployed(byte[] module) {
    var ref = node.deploy("runaway", module, FunctionKind.SCATTER);
    // So that a deadline passes while it runs.
    node.engine.load(ref);
    return ref;
  }

  @Test
  void initOfAScatterFunction() {
    var module = ModuleBuilder.empty(1).alloc();
    module.export("_initialize", module.function("", "", new Code().forever()));
    var runaway = deployed(steps(module, new Code().reply(0, 0), new Code()));
    assertEquals(
        ErrorCode.DEADLINE_EXCEEDED,
        failure(() ->
            node.engine
                .scatter(runaway, WasmNode.request(), WasmNode.in(SOON), new QueryOrigin("q", "t"))
                .close()));
    assertEquals(0, node.gauge("heddle.engine.sandboxes.bytes"));
    assertEquals(0, node.wasm.memoryTaken().bytes());
    assertEquals("1", node.neighbour("1"));
  }

  @Test
  void theLeafOfEachShard() {
    var runaway = deployed(scatter(new Code().forever(), new Code()));
    try (var run =
        node.engine.scatter(
            runaway, WasmNode.request(), WasmNode.in(SOON), new QueryOrigin("q", "t"))) {
      for (int i = 0; i < 3; i++) {
        assertEquals(
            ErrorCode.DEADLINE_EXCEEDED, failure(() -> run.leaf(shard(() -> {}))), "shard " + i);
      }
    }
    assertEquals(0, node.wasm.memoryTaken().bytes());
    assertEquals("1", node.neighbour("1"));
  }

  @Test
  void handlersThatAreEnteredAfterTheirDeadline() throws Exception {
    var late = new AtomicReference<LateRuntime>();
    try (var other =
        new WasmNode(
            Platform.NONE,
            WasmLimits.defaults(),
            runtime -> {
              late.set(new LateRuntime("wasm", runtime));
              return late.get();
            })) {
      var module = ModuleBuilder.handler().handle(new Code().forever().reply(0, 0)).build();
      var runaway = other.deploy("runaway", module, FunctionKind.HANDLER);
      other.engine.load(runaway);
      assertEquals(ErrorCode.DEADLINE_EXCEEDED, other.failure(runaway, "1", SOON));
      late.get().left.await();
      eventually("its place is free", () -> other.gauge("heddle.engine.threads.busy") == 0);
      eventually("it is not stuck", () -> other.gauge("heddle.engine.threads.stuck") == 0);
      assertEquals(0, other.wasm.memoryTaken().bytes());
    }
  }

  @Test
  void asManyAsThereAreProcessorsOnVirtualThreads() throws Exception {
    int processors = Runtime.getRuntime().availableProcessors();
    var looping = new CountDownLatch(processors);
    var runaway = deployed(scatter(new Code().forever(), new Code()));
    var threads = new ArrayList<Thread>();
    var ends = new ErrorCode[processors];
    for (int i = 0; i < processors; i++) {
      int number = i;
      threads.add(
          Thread.ofVirtual()
              .start(() -> {
                var deadline = WasmNode.in(Duration.ofSeconds(50));
                try (var run =
                    node.engine.scatter(
                        runaway, WasmNode.request(), deadline, new QueryOrigin("q", "t"))) {
                  ends[number] = failure(() -> run.leaf(shard(looping::countDown)));
                }
              }));
    }
    looping.await();
    var neighbour = new CountDownLatch(1);
    Thread.ofVirtual()
        .start(() -> {
          if (node.neighbour("1").equals("1")) {
            neighbour.countDown();
          }
        });
    // Long before the deadline of those that loop.
    assertTrue(neighbour.await(60, TimeUnit.SECONDS));
    threads.forEach(Thread::interrupt);
    for (var thread : threads) {
      thread.join();
    }
    for (var end : ends) {
      assertEquals(ErrorCode.CANCELLED, end);
    }
    assertEquals(0, node.wasm.memoryTaken().bytes());
  }
}
