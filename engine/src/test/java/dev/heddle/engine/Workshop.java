package dev.heddle.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.heddle.catalog.EventShape;
import dev.heddle.catalog.FunctionVersion;
import dev.heddle.catalog.PositionToken;
import dev.heddle.function.JsonObject;
import dev.heddle.function.Query;
import dev.heddle.function.ScatterRequest;
import dev.heddle.function.Session;
import dev.heddle.process.DataSize;
import dev.heddle.process.Deadline;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.Ticker;
import dev.heddle.process.TraceContext;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
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
  static final TraceContext TRACE =
      new TraceContext("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331", true);
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  final SimpleMeterRegistry registry = new SimpleMeterRegistry();
  final AtomicInteger fetched = new AtomicInteger();
  final FunctionLogs logs;
  final Engine engine;
  private final Map<String, byte[]> blobs = new ConcurrentHashMap<>();

  Workshop() {
    this(EngineConfig.defaults());
  }

  Workshop(EngineConfig config) {
    this(config, Platform.NONE);
  }

  Workshop(EngineConfig config, Platform platform, FunctionRuntime... more) {
    this(config, platform, TICKER, more);
  }

  Workshop(EngineConfig config, Platform platform, Ticker ticker, FunctionRuntime... more) {
    var runtimes = new ArrayList<FunctionRuntime>(List.of(more));
    runtimes.add(new JavaRuntime(config.archive(), config.javaEnabled(), config.javaTenants()));
    logs = new FunctionLogs(config.logs(), Clock.systemUTC(), ticker);
    engine =
        new Engine(
            config, this::fetch, runtimes, Map.of(), platform, logs, ticker, registry, "leaf");
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
    return config(threads, queue, idleVersions, DataSize.ofMiB(512));
  }

  static EngineConfig config(int threads, int queue, int idleVersions, DataSize memory) {
    var defaults = EngineConfig.defaults();
    return new EngineConfig(
        true,
        threads,
        queue,
        queue,
        2,
        2,
        memory,
        Duration.ofSeconds(10),
        Duration.ofMinutes(5),
        8,
        idleVersions,
        32,
        DataSize.ofKiB(64),
        DataSize.ofKiB(64),
        DataSize.ofKiB(64),
        100,
        DataSize.ofKiB(1),
        defaults.logs(),
        defaults.archive(),
        Duration.ofMillis(200),
        8,
        DataSize.ofMiB(64),
        List.of());
  }

  FunctionRef deploy(byte[] jar, String entry) {
    return deploy(jar, entry, Duration.ofSeconds(60));
  }

  FunctionRef deploy(byte[] jar, String entry, Duration timeout) {
    return deploy("fn", "java", jar, entry, timeout, DataSize.ofMiB(128), 0);
  }

  FunctionRef deploy(
      String name,
      String runtime,
      byte[] code,
      String entry,
      Duration timeout,
      DataSize memory,
      int concurrency) {
    var blob = Digests.of(code);
    blobs.put(blob, code);
    var version =
        new FunctionVersion(
            Digests.of((name + blob + entry + timeout + memory).getBytes(StandardCharsets.UTF_8)),
            blob,
            runtime,
            entry,
            "",
            code.length,
            Optional.empty(),
            0,
            timeout,
            memory,
            Map.of("COLOUR", "red"),
            concurrency,
            EventShape.JSON,
            List.of(),
            "",
            Instant.EPOCH);
    return new FunctionRef("default", name, Optional.of(version));
  }

  static Invocation invocation(Duration time, Session... session) {
    return new Invocation(
        "i-1",
        "default",
        TRACE,
        0,
        PositionToken.EMPTY,
        Deadline.after(time, TICKER),
        List.of(session).stream().findFirst());
  }

  static Invocation invocation(Ticker ticker, Duration time, int depth) {
    return new Invocation(
        "i-1",
        "default",
        TRACE,
        depth,
        PositionToken.EMPTY,
        Deadline.after(time, ticker),
        Optional.empty());
  }

  String invoke(FunctionRef ref, String event, Ticker ticker, Duration time) {
    var result =
        engine.invoke(ref, event.getBytes(StandardCharsets.UTF_8), invocation(ticker, time, 0));
    return new String(result.json(), StandardCharsets.UTF_8);
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
    logs.close();
  }
}
