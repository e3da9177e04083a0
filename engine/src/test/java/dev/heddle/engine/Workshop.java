package dev.heddle.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.heddle.catalog.FunctionVersion;
import dev.heddle.function.JsonObject;
import dev.heddle.function.Query;
import dev.heddle.function.ScatterRequest;
import dev.heddle.function.Session;
import dev.heddle.process.DataSize;
import dev.heddle.process.Deadline;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.Ticker;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.function.Executable;

/** An engine with code in memory, and short ways to deploy and run it. */
final class Workshop implements AutoCloseable {
  static final Ticker TICKER = Ticker.system();
  private static final Duration PATIENCE = Duration.ofSeconds(20);

  final SimpleMeterRegistry registry = new SimpleMeterRegistry();
  final AtomicInteger fetched = new AtomicInteger();
  final Engine engine;
  private final Map<String, byte[]> blobs = new ConcurrentHashMap<>();

  Workshop() {
    this(EngineConfig.defaults());
  }

  Workshop(EngineConfig config) {
    engine = new Engine(config, this::fetch, Map.of(), TICKER, registry);
  }

  private byte[] fetch(String digest) {
    fetched.incrementAndGet();
    var blob = blobs.get(digest);
    if (blob == null) {
      throw new HeddleException(ErrorCode.UNAVAILABLE, "blob: " + digest + " (expected: a copy)");
    }
    return blob;
  }

  static EngineConfig config(int threads, int queue, int idleVersions) {
    var defaults = EngineConfig.defaults();
    return new EngineConfig(
        true,
        threads,
        queue,
        2,
        2,
        8,
        idleVersions,
        32,
        DataSize.ofKiB(64),
        DataSize.ofKiB(64),
        DataSize.ofKiB(1),
        defaults.jar(),
        Duration.ofMillis(200));
  }

  FunctionRef deploy(byte[] jar, String entry) {
    return deploy(jar, entry, Duration.ofSeconds(30));
  }

  FunctionRef deploy(byte[] jar, String entry, Duration timeout) {
    var blob = Digests.of(jar);
    blobs.put(blob, jar);
    var version =
        new FunctionVersion(
            Digests.of((blob + entry + timeout).getBytes(StandardCharsets.UTF_8)),
            blob,
            entry,
            "",
            jar.length,
            timeout,
            DataSize.ofMiB(128),
            Instant.EPOCH);
    return new FunctionRef("default", "fn", Optional.of(version));
  }

  static Invocation invocation(Duration time, Session... session) {
    return new Invocation(
        "i-1",
        "default",
        "0af7651916cd43dd8448eb211c80319c",
        Deadline.after(time, TICKER),
        List.of(session).stream().findFirst());
  }

  String invoke(FunctionRef ref, String event) {
    return invoke(ref, event, PATIENCE);
  }

  String invoke(FunctionRef ref, String event, Duration time, Session... session) {
    var result =
        engine.invoke(ref, event.getBytes(StandardCharsets.UTF_8), invocation(time, session));
    return new String(result.json(), StandardCharsets.UTF_8);
  }

  static ScatterRequest request() {
    return request(Map.of());
  }

  static ScatterRequest request(Map<String, Object> args) {
    return new ScatterRequest(
        new Query.All(),
        10,
        List.of(),
        List.of(),
        Map.of(),
        Optional.empty(),
        1000,
        JsonObject.of(args));
  }

  double gauge(String name) {
    return registry.get(name).gauge().value();
  }

  /** One of many rounds; {@code number} counts them over all threads. */
  interface Round {
    void run(int number) throws Exception;
  }

  /** Runs so many rounds on so many threads; fails with everything that they threw. */
  static void concurrently(int threads, int rounds, Round round) throws InterruptedException {
    var next = new AtomicInteger();
    var failures = new ConcurrentLinkedQueue<Throwable>();
    var started = new ArrayList<Thread>();
    for (int i = 0; i < threads; i++) {
      started.add(
          Thread.ofVirtual()
              .start(() -> {
                for (int number; (number = next.getAndIncrement()) < rounds; ) {
                  try {
                    round.run(number);
                  } catch (Exception | AssertionError e) {
                    failures.add(e);
                  }
                }
              }));
    }
    for (var thread : started) {
      thread.join();
    }
    assertEquals(List.of(), List.copyOf(failures));
  }

  static HeddleException fails(ErrorCode code, Executable body) {
    var thrown = assertThrows(HeddleException.class, body);
    assertEquals(code, thrown.code(), thrown::toString);
    return thrown;
  }

  static void fails(ErrorCode code, String message, Executable body) {
    assertEquals(message, fails(code, body).getMessage());
  }

  @Override
  public void close() {
    engine.close();
  }
}
