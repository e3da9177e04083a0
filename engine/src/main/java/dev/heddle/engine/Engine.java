package dev.heddle.engine;

import dev.heddle.catalog.CatalogView;
import dev.heddle.catalog.FunctionKind;
import dev.heddle.catalog.FunctionVersion;
import dev.heddle.engine.EngineMetrics.Outcome;
import dev.heddle.engine.EngineReport.WarmVersion;
import dev.heddle.function.ScatterFunction;
import dev.heddle.function.ScatterRequest;
import dev.heddle.process.Deadline;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.Threads;
import dev.heddle.process.Ticker;
import dev.heddle.process.Tracing;
import io.micrometer.core.instrument.MeterRegistry;
import io.opentelemetry.api.trace.SpanKind;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Runs functions: scatter functions on the caller's thread, or on a platform thread of its own
 * where that is a virtual one, handlers always on threads of its own. The code of a version is
 * fetched and loaded when it is first asked for, and stays for the next request; so do the
 * sandboxes that can serve another event.
 *
 * <p>Safe for any thread. Whoever creates it closes it.
 */
public final class Engine implements AutoCloseable {
  /** How soon events that wait for processors are looked at again. */
  private static final long LOOK_NANOS = 1_000_000;

  private static final long RENEWAL_NANOS = TimeUnit.SECONDS.toNanos(1);

  private final AtomicBoolean renewing = new AtomicBoolean();
  private final EngineConfig config;
  private final Runtimes runtimes;
  private final Map<String, Supplier<ScatterFunction<?, ?>>> builtIns;
  private final FunctionLogs logs;
  private final Ticker ticker;
  private final EngineMetrics metrics;
  private final DeadlineTimer timer;
  private final InvocationThreads threads;
  private final ScatterThreads scatterThreads;
  private final SandboxPool pool;
  private final Dispatcher dispatcher;
  private final LoadedVersions versions;
  private final InvocationKit kit;
  private final Tracing tracing;

  /**
   * @param runtimes that this node has
   * @param platform for what functions ask for
   * @param logs what functions write goes there; outlives the engine
   * @param role of the process, of those that have an engine; tells their meters apart
   * @param tracing makes a span of each invocation that is traced
   */
  public Engine(
      EngineConfig config,
      CodeSource code,
      List<FunctionRuntime> runtimes,
      Map<String, Supplier<ScatterFunction<?, ?>>> builtIns,
      Platform platform,
      FunctionLogs logs,
      Ticker ticker,
      MeterRegistry registry,
      String role,
      Tracing tracing) {
    this.tracing = tracing;
    this.config = config;
    this.runtimes = new Runtimes(runtimes);
    this.builtIns = Map.copyOf(builtIns);
    this.logs = logs;
    this.ticker = ticker;
    this.metrics = new EngineMetrics(registry, role);
    this.timer = new DeadlineTimer(ticker);
    int processors = Runtime.getRuntime().availableProcessors();
    // One that ends starts the next one before it gives its carrier back.
    this.threads = new InvocationThreads(Threads.named("heddle-invocation"), 2 * processors);
    this.scatterThreads = new ScatterThreads(threads, config.scatterThreads(), ticker);
    this.pool = new SandboxPool(config, ticker, this::roomFreed, metrics);
    // It counts real threads, in real time.
    var crowd = new Crowd(processors, threads::computing, MachineLoad.ofThisOne(), Ticker.system());
    this.dispatcher = new Dispatcher(config, pool, threads, crowd, processors, this::soon);
    metrics.dispatcher(dispatcher);
    this.versions =
        new LoadedVersions(config, code, this.runtimes, pool, metrics, this::codeUnloaded);
    this.kit = new InvocationKit(config, platform, dispatcher, timer, ticker, metrics);
    timer.every(pool.pace().toNanos(), pool::sweep);
  }

  /** Without spans. */
  public Engine(
      EngineConfig config,
      CodeSource code,
      List<FunctionRuntime> runtimes,
      Map<String, Supplier<ScatterFunction<?, ?>>> builtIns,
      Platform platform,
      FunctionLogs logs,
      Ticker ticker,
      MeterRegistry registry,
      String role) {
    this(config, code, runtimes, builtIns, platform, logs, ticker, registry, role, Tracing.off());
  }

  /** Once it is closed nothing waits any more. */
  private void soon(Runnable look) {
    var _ = timer.after(LOOK_NANOS, look);
  }

  /** At most once a second: each time, threads that are warm end. */
  private void codeUnloaded() {
    if (renewing.compareAndSet(false, true)) {
      var _ =
          timer.after(
              RENEWAL_NANOS,
              () -> {
                renewing.set(false);
                threads.renew();
              });
    }
  }

  private void roomFreed() {
    dispatcher.again();
  }

  /** As the other one, for a query without a deadline and of unknown origin. */
  public ScatterRun scatter(FunctionRef ref, ScatterRequest request) {
    return start(ref, request, null, QueryOrigin.NONE);
  }

  /**
   * A fresh instance that has accepted the request.
   *
   * @param deadline at which it is interrupted; tells, when it was stopped, whether that was for
   *     lateness
   * @param origin what the function writes to its log is of this query
   * @throws HeddleException INVALID_REQUEST in the function's words, UNKNOWN_FUNCTION for a name
   *     that is not built in, OVERLOADED without memory for a sandbox, otherwise as {@link
   *     ScatterRun}
   */
  public ScatterRun scatter(
      FunctionRef ref, ScatterRequest request, Deadline deadline, QueryOrigin origin) {
    return start(ref, request, deadline, origin);
  }

  private ScatterRun start(
      FunctionRef ref, ScatterRequest request, @Nullable Deadline deadline, QueryOrigin origin) {
    var failures = new Failures(ref.label(), ErrorCode.INVALID_REQUEST, deadline, ticker);
    var run =
        ref.version().isPresent()
            ? deployed(ref, ref.version().get(), failures, origin)
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
    return new ScatterRun(function, failures, config);
  }

  private ScatterRun deployed(
      FunctionRef ref, FunctionVersion version, Failures failures, QueryOrigin origin) {
    var lease = versions.acquire(ref, version, failures);
    SandboxPool.Room room = null;
    DeadlineTimer.Alarm alarm = () -> {};
    boolean started = false;
    try {
      checkNotStuck(lease.version(), failures);
      room = pool.takeForQuery(lease.version());
      long start = ticker.nanoTime();
      var log = log(ref, origin.id(), origin.traceId());
      var instance = instance(lease.version(), failures, log);
      room.made(instance.sandbox(), ticker.nanoTime() - start);
      // From here on something stops its code at the deadline.
      alarm = alarms(instance.sandbox(), new LateQuery(lease.version(), log), failures.deadline());
      init(instance.sandbox(), failures);
      long nanos = ticker.nanoTime() - start;
      metrics.made(nanos);
      var run =
          new ScatterRun(
              instance,
              lease.version().code().classLoader(),
              scatterThreads,
              failures,
              config,
              nanos,
              ending(lease, room, alarm));
      started = true;
      return run;
    } finally {
      if (!started) {
        ending(lease, room, alarm).run();
      }
    }
  }

  private InvocationLog log(FunctionRef ref, String id, String traceId) {
    return new InvocationLog(ref, id, traceId, config.maxLog().bytes(), logs, metrics);
  }

  private LoadedCode.ScatterInstance instance(
      LoadedVersion version, Failures failures, InvocationLog log) {
    return scatterThreads.run(
        failures,
        () -> {
          try {
            return version.code().newScatterInstance(version.limits(), log::append);
          } catch (Throwable thrown) {
            throw failures.of(Failures.INIT, thrown);
          }
        });
  }

  private void init(Sandbox sandbox, Failures failures) {
    var _ =
        scatterThreads.run(
            failures,
            () -> {
              try {
                sandbox.init();
                return Boolean.TRUE;
              } catch (Throwable thrown) {
                throw failures.of(Failures.INIT, thrown);
              }
            });
  }

  /** Tells the code to stop at the deadline, and looks after it whether it did. */
  private DeadlineTimer.Alarm alarms(
      Sandbox sandbox, LateQuery query, @Nullable Deadline deadline) {
    if (deadline == null) {
      return () -> {};
    }
    var end = timer.at(deadline, sandbox::interrupt);
    long left = Math.max(0, deadline.remainingNanos(ticker));
    var look = timer.after(left + LateQuery.GRACE_NANOS, query::look);
    return () -> {
      end.cancel();
      if (look != null) {
        look.cancel();
      }
      query.end();
    };
  }

  private Runnable ending(
      LoadedVersions.Lease lease, SandboxPool.@Nullable Room room, DeadlineTimer.Alarm alarm) {
    return () -> {
      alarm.cancel();
      if (room != null) {
        pool.give(room, false);
        pool.settle();
      }
      lease.release();
      dispatcher.again();
    };
  }

  /**
   * Runs a handler for one event and waits for what it comes to.
   *
   * @param event any JSON value
   * @return also for failures: FUNCTION_REJECTED in the handler's words, FUNCTION_TIMED_OUT,
   *     FUNCTION_RESULT_INVALID, FUNCTION_RESULT_TOO_LARGE and the rest of {@link Failures}, each
   *     naming function and version; DEADLINE_EXCEEDED, QUEUE_FULL, OVERLOADED, LIMIT_REACHED,
   *     UNKNOWN_FUNCTION, MALFORMED_JSON
   */
  public InvocationResult invoke(FunctionRef ref, byte[] event, Invocation invocation) {
    var meter = new InvocationMeter(ticker, event.length);
    var span = tracing.enter(invocation.trace(), "invoke", SpanKind.INTERNAL);
    if (!span.recording()) {
      return invoke(ref, event, invocation, meter);
    }
    try {
      var within = invocation.withTrace(span.within(invocation.trace()));
      var result = invoke(ref, event, within, meter);
      InvocationSpan.tell(span, ref, invocation, meter, result);
      return result;
    } catch (RuntimeException | Error e) {
      span.failed(ErrorCode.INTERNAL);
      throw e;
    } finally {
      span.end();
    }
  }

  private InvocationResult invoke(
      FunctionRef ref, byte[] event, Invocation invocation, InvocationMeter meter) {
    var log = log(ref, invocation.id(), invocation.trace().traceId());
    InvocationTask task = null;
    byte[] json = null;
    HeddleException failure = null;
    try {
      task = submit(ref, event, invocation, log, meter);
      json = task.await();
    } catch (HeddleException e) {
      failure = e;
    }
    return settle(ref, invocation, log, meter, task, json, failure);
  }

  private InvocationTask submit(
      FunctionRef ref,
      byte[] event,
      Invocation invocation,
      InvocationLog log,
      InvocationMeter meter) {
    var version =
        ref.version()
            .orElseThrow(() ->
                Refusals.refuse(
                    ErrorCode.UNKNOWN_FUNCTION, "function", ref.name(), "a deployed handler"));
    if (invocation.depth() > InvocationScope.MAX_DEPTH) {
      throw Refusals.refuse(
          ErrorCode.LIMIT_REACHED,
          "function " + ref.label(),
          "calls within calls " + invocation.depth() + " deep",
          "at most " + InvocationScope.MAX_DEPTH);
    }
    if (invocation.deadline().expired(ticker)) {
      throw Refusals.refuse(
          ErrorCode.DEADLINE_EXCEEDED, "function " + ref.label(), "no time left", "some");
    }
    var failures = kit.failures(ref, invocation.deadline());
    var lease = versions.acquire(ref, version, failures);
    boolean submitted = false;
    try {
      checkHandler(lease.version(), failures);
      checkNotStuck(lease.version(), failures);
      pool.checkFits(lease.version());
      var task = new InvocationTask(kit, lease, ref, invocation, event, log, meter);
      dispatcher.submit(task);
      submitted = true;
      return task;
    } finally {
      if (!submitted) {
        lease.release();
      }
    }
  }

  private static void checkHandler(LoadedVersion version, Failures failures) {
    if (version.code().kind() != FunctionKind.HANDLER) {
      throw failures.failed("load", "it is a scatter function (expected: a handler)");
    }
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

  private InvocationResult settle(
      FunctionRef ref,
      Invocation invocation,
      InvocationLog log,
      InvocationMeter meter,
      @Nullable InvocationTask task,
      byte @Nullable [] json,
      @Nullable HeddleException failure) {
    var scope = task == null ? null : task.scope();
    long memory = ref.version().map(version -> version.memory().bytes()).orElse(0L);
    var own = meter.bill(memory);
    var children = scope == null ? Bill.NONE : scope.children();
    var positions = scope == null ? invocation.positions() : scope.positions();
    var outcome = failure == null ? "ok" : failure.code().name();
    log.report(ReportLine.of(ref, invocation, memory, own, children, outcome));
    metrics.invocation(
        outcome(failure),
        own.queueNanos() + own.initNanos() + own.activeNanos() + own.parkedNanos());
    if (failure == null && json != null) {
      metrics.queued(own.queueNanos());
      return new InvocationResult.Reply(json, own.plus(children), positions);
    }
    var why =
        failure != null
            ? failure
            : new HeddleException(ErrorCode.INTERNAL, "neither reply nor why");
    boolean started = scope != null;
    boolean noRoom = why.code().kind() == ErrorCode.Kind.CAPACITY && !started;
    var retryAfter = noRoom ? dispatcher.retryAfter() : Duration.ZERO;
    return new InvocationResult.Failed(why, started, retryAfter, own.plus(children), positions);
  }

  private static Outcome outcome(@Nullable HeddleException failure) {
    if (failure == null) {
      return Outcome.OK;
    }
    return switch (failure.code()) {
      case DEADLINE_EXCEEDED, FUNCTION_TIMED_OUT -> Outcome.DEADLINE;
      case ErrorCode other ->
          switch (other.kind()) {
            case USER -> Outcome.REJECTED;
            case CAPACITY -> Outcome.REFUSED;
            case INTERNAL -> Outcome.FAILED;
          };
    };
  }

  /**
   * Has the code of a version ready before somebody asks for it.
   *
   * @throws HeddleException if it cannot be had or loaded
   */
  public void load(FunctionRef ref) {
    var version = ref.version();
    if (version.isPresent()) {
      var failures = new Failures(ref.label(), ErrorCode.FUNCTION_REJECTED, null, ticker);
      versions.acquire(ref, version.get(), failures).release();
    }
  }

  /** Where it is warm, and how busy. */
  public EngineReport report() {
    var warm =
        versions.loaded().stream()
            .map(version ->
                new WarmVersion(
                    version.ref().tenant(), version.version().digest(), pool.idle(version)))
            .sorted(Comparator.comparing(WarmVersion::tenant).thenComparing(WarmVersion::version))
            .toList();
    return new EngineReport(warm, (int) dispatcher.running(), (int) dispatcher.queued());
  }

  /** Pauses and ends sandboxes that are idle for long; the engine does so by itself, too. */
  void sweep() {
    pool.sweep();
  }

  /**
   * Unloads versions that the catalog no longer names, as soon as nothing runs them. Call it with
   * each new view.
   */
  public void keepOnly(CatalogView view) {
    versions.keepOnly(view);
    long tenants =
        view.allFunctions().stream().map(function -> function.tenant()).distinct().limit(2).count();
    dispatcher.several(tenants > 1);
    pool.several(tenants > 1);
    logs.keepOnly(view);
  }

  /**
   * Whether the code can be deployed, and what a deploy ships with it: it loads, it compiles, and
   * its entry is there.
   *
   * @throws HeddleException INVALID_FUNCTION saying what is wrong, FORBIDDEN where the tenant may
   *     not use the runtime
   */
  public CheckedCode check(String tenant, Code code, Manifest manifest) {
    return runtimes.forDeploy(manifest.runtime(), manifest.name(), tenant).check(code, manifest);
  }

  /** Ends what runs: at once what waits, after a grace what does not end by itself. */
  @Override
  public void close() {
    timer.close();
    dispatcher.close();
    threads.close(config.closeGrace().toNanos());
    versions.close();
    pool.close();
  }
}
