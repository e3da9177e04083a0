package dev.heddle.engine;

import dev.heddle.catalog.CatalogView;
import dev.heddle.catalog.FunctionKind;
import dev.heddle.catalog.FunctionVersion;
import dev.heddle.engine.EngineMetrics.Outcome;
import dev.heddle.function.ScatterFunction;
import dev.heddle.function.ScatterRequest;
import dev.heddle.process.Deadline;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.Threads;
import dev.heddle.process.Ticker;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Runs functions: scatter functions on the caller's thread, handlers on platform threads of its
 * own. The code of a version is fetched and loaded when it is first asked for, and stays for the
 * next request.
 *
 * <p>Safe for any thread. Whoever creates it closes it.
 */
public final class Engine implements AutoCloseable {
  private final EngineConfig config;
  private final Map<String, Supplier<ScatterFunction<?, ?>>> builtIns;
  private final Ticker ticker;
  private final EngineMetrics metrics;
  private final InvocationThreads threads;
  private final LoadedVersions versions;

  public Engine(
      EngineConfig config,
      CodeSource code,
      Map<String, Supplier<ScatterFunction<?, ?>>> builtIns,
      Ticker ticker,
      MeterRegistry registry) {
    this.config = config;
    this.builtIns = Map.copyOf(builtIns);
    this.ticker = ticker;
    this.metrics = new EngineMetrics(registry);
    this.threads =
        new InvocationThreads(
            config.invocationThreads(),
            config.invocationQueue(),
            config.maxStuckThreads(),
            Threads.named("heddle-invocation"));
    metrics.threads(threads);
    this.versions = new LoadedVersions(config, code, metrics, threads::renew);
  }

  /** As {@link #scatter(FunctionRef, ScatterRequest, Deadline)} for a query without a deadline. */
  public ScatterRun scatter(FunctionRef ref, ScatterRequest request) {
    return start(ref, request, null);
  }

  /**
   * A fresh instance that has accepted the request.
   *
   * @param deadline tells, when a shard stops the function, whether that was for lateness
   * @throws HeddleException INVALID_REQUEST in the function's words, UNKNOWN_FUNCTION for a name
   *     that is not built in, FUNCTION_FAILED naming function, version and step
   */
  public ScatterRun scatter(FunctionRef ref, ScatterRequest request, Deadline deadline) {
    return start(ref, request, deadline);
  }

  private ScatterRun start(FunctionRef ref, ScatterRequest request, @Nullable Deadline deadline) {
    var failures = new Failures(ref.label(), ErrorCode.INVALID_REQUEST, deadline, ticker);
    var run =
        ref.version().isPresent()
            ? deployed(ref, ref.version().get(), failures)
            : builtIn(ref, failures);
    boolean prepared = false;
    try {
      run.prepare(request);
      prepared = true;
      return run;
    } finally {
      if (!prepared) {
        run.close();
      }
    }
  }

  @SuppressWarnings("unchecked") // The function is the only one to make and take its own types.
  private ScatterRun builtIn(FunctionRef ref, Failures failures) {
    var maker = builtIns.get(ref.name());
    if (maker == null) {
      throw Refusals.refuse(
          ErrorCode.UNKNOWN_FUNCTION,
          "function",
          ref.name(),
          "one of " + String.join(", ", builtIns.keySet()) + ", or a deployed one");
    }
    var function = (ScatterFunction<Object, Object>) maker.get();
    return new ScatterRun(function, null, failures, config, () -> {});
  }

  private ScatterRun deployed(FunctionRef ref, FunctionVersion version, Failures failures) {
    checkJavaEnabled(ref);
    var lease = versions.acquire(ref, version, failures);
    boolean started = false;
    try {
      var function = lease.version().newScatterFunction(failures);
      var run =
          new ScatterRun(function, lease.version().loader(), failures, config, lease::release);
      started = true;
      return run;
    } finally {
      if (!started) {
        lease.release();
      }
    }
  }

  private void checkJavaEnabled(FunctionRef ref) {
    if (!config.javaEnabled()) {
      throw Refusals.refuse(
          ErrorCode.FORBIDDEN,
          "function",
          ref.label() + " needs the java runtime, which is off",
          "a node with java-enabled: true");
    }
  }

  /**
   * Runs a handler for one event and waits for its answer.
   *
   * @param event any JSON value
   * @throws HeddleException FUNCTION_REJECTED in the handler's words, FUNCTION_FAILED naming
   *     function and version, DEADLINE_EXCEEDED, QUEUE_FULL, OVERLOADED, LIMIT_REACHED,
   *     MALFORMED_JSON
   */
  public InvocationResult invoke(FunctionRef ref, byte[] event, Invocation invocation) {
    long start = ticker.nanoTime();
    var outcome = Outcome.FAILED;
    try {
      var result = run(ref, event, invocation);
      outcome = Outcome.OK;
      metrics.queued(result.queueNanos());
      return result;
    } catch (HeddleException e) {
      outcome = outcome(e);
      throw e;
    } finally {
      metrics.invocation(outcome, ticker.nanoTime() - start);
    }
  }

  private static Outcome outcome(HeddleException failure) {
    if (failure.code() == ErrorCode.DEADLINE_EXCEEDED) {
      return Outcome.DEADLINE;
    }
    return switch (failure.code().kind()) {
      case USER -> Outcome.REJECTED;
      case CAPACITY -> Outcome.REFUSED;
      case INTERNAL -> Outcome.FAILED;
    };
  }

  private InvocationResult run(FunctionRef ref, byte[] event, Invocation invocation) {
    checkJavaEnabled(ref);
    var version =
        ref.version()
            .orElseThrow(() ->
                Refusals.refuse(
                    ErrorCode.UNKNOWN_FUNCTION, "function", ref.name(), "a deployed handler"));
    var deadline = invocation.deadline().earlier(Deadline.after(version.timeout(), ticker));
    if (deadline.expired(ticker)) {
      throw Refusals.refuse(
          ErrorCode.DEADLINE_EXCEEDED, "function " + ref.label(), "no time left", "some");
    }
    var failures = new Failures(ref.label(), ErrorCode.FUNCTION_REJECTED, deadline, ticker);
    var lease = versions.acquire(ref, version, failures);
    boolean submitted = false;
    InvocationTask task;
    try {
      checkNotStuck(lease.version(), failures);
      var log = new InvocationLog(ref, invocation, config.maxLog().bytes(), metrics);
      var context = new InvocationContext(ref, version, invocation, deadline, ticker, log);
      task =
          new InvocationTask(
              threads, lease, context, failures, deadline, event, config.maxResult());
      threads.submit(task);
      submitted = true;
    } finally {
      if (!submitted) {
        lease.release();
      }
    }
    return task.await();
  }

  private void checkNotStuck(LoadedVersion version, Failures failures) {
    int stuck = version.stuck().get();
    if (stuck >= config.maxStuckThreadsPerVersion()) {
      throw Refusals.refuse(
          ErrorCode.OVERLOADED,
          "function " + failures.label(),
          stuck + " of its invocations do not stop after their deadline",
          "fewer than " + config.maxStuckThreadsPerVersion());
    }
  }

  /**
   * Unloads versions that the catalog no longer names, as soon as nothing runs them. Call it with
   * each new view.
   */
  public void keepOnly(CatalogView view) {
    versions.keepOnly(view);
  }

  /** As {@link #check(byte[], String, Optional, JarLimits)} for a known kind. */
  public static void check(byte[] jar, String entry, FunctionKind kind) {
    var _ = check(jar, entry, Optional.of(kind), JarLimits.DEFAULTS);
  }

  /**
   * Whether the jar can be deployed: it loads, and its entry class can be created. This runs the
   * class's static initializer and constructor.
   *
   * @param kind empty: what the class implements
   * @return the kind
   * @throws HeddleException INVALID_FUNCTION saying what is wrong
   */
  public static FunctionKind check(
      byte[] jar, String entry, Optional<FunctionKind> kind, JarLimits limits) {
    return DeployCheck.check(jar, entry, kind, limits);
  }

  /** Ends what runs: at once what waits, after a grace what does not end by itself. */
  @Override
  public void close() {
    threads.close(config.closeGrace().toNanos());
    versions.close();
  }
}
