package dev.heddle.engine;

import dev.heddle.engine.LoadedCode.ScatterInstance;
import dev.heddle.function.Bound;
import dev.heddle.function.Codec;
import dev.heddle.function.Coverage;
import dev.heddle.function.Law;
import dev.heddle.function.RisingBound;
import dev.heddle.function.ScatterFunction;
import dev.heddle.function.ScatterRequest;
import dev.heddle.function.Shard;
import dev.heddle.function.ShardSummary;
import dev.heddle.function.StoppedException;
import dev.heddle.process.DataSize;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.io.IOException;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * One instance of a scatter function at work for one query on one node. It keeps the function's
 * version loaded until it is closed. Used by one thread at a time, on which the code runs; for a
 * virtual thread, deployed code runs on a platform thread of the engine meanwhile.
 *
 * <p>What a shard does stops at the deadline; a function's own endless loop stops then only where
 * its sandbox can be interrupted.
 *
 * <p>Every method throws a HeddleException, as {@link Failures} says: INVALID_REQUEST with the
 * function's own words where it refuses the request, DEADLINE_EXCEEDED or CANCELLED where the
 * platform stopped it, FUNCTION_MERGE_FAILED for merge and finish, FUNCTION_FAILED for the other
 * steps; FUNCTION_RESULT_TOO_LARGE where what it makes is too large.
 */
public final class ScatterRun implements AutoCloseable {
  /** What nobody's partial weighs, in bytes: sums of many such stay far from the end of a long. */
  private static final long HEAVIEST = 1L << 50;

  private final ScatterFunction<Object, Object> function;
  private final @Nullable ClassLoader loader;
  private final @Nullable ScatterThreads threads;
  private final @Nullable Interruption interruption;
  private final Runnable abandon;
  private final Failures failures;
  private final DataSize maxPartial;
  private final DataSize maxResult;
  private final long initNanos;
  private final Runnable release;
  private final boolean bounds;
  private @Nullable Object query;
  private boolean commutative;
  private boolean trims;
  private boolean weighs;
  private boolean closed;

  /**
   * @param instance what runs
   * @param loader of its code
   * @param threads for code that may run for ever
   * @param initNanos time in which the instance was made
   * @param release called once, on close
   */
  ScatterRun(
      ScatterInstance instance,
      @Nullable ClassLoader loader,
      ScatterThreads threads,
      Failures failures,
      EngineConfig config,
      long initNanos,
      Runnable release) {
    this(
        instance.function(),
        loader,
        threads,
        instance.interruption(),
        instance::abandon,
        failures,
        config,
        initNanos,
        release);
  }

  /** One of the platform's own, which needs none of all that. */
  ScatterRun(ScatterFunction<Object, Object> builtIn, Failures failures, EngineConfig config) {
    this(builtIn, null, null, null, () -> {}, failures, config, 0, () -> {});
  }

  private ScatterRun(
      ScatterFunction<Object, Object> function,
      @Nullable ClassLoader loader,
      @Nullable ScatterThreads threads,
      @Nullable Interruption interruption,
      Runnable abandon,
      Failures failures,
      EngineConfig config,
      long initNanos,
      Runnable release) {
    this.function = function;
    this.loader = loader;
    this.threads = threads;
    this.interruption = interruption;
    this.abandon = abandon;
    this.failures = failures;
    this.maxPartial = config.maxPartial();
    this.maxResult = config.maxResult();
    this.initNanos = initNanos;
    this.release = release;
    this.bounds = givesBounds(function);
  }

  /** Whether the function has a {@code bound} of its own; else nobody need go and ask. */
  private static boolean givesBounds(ScatterFunction<?, ?> function) {
    try {
      return function.getClass().getMethod("bound", Object.class, Object.class).getDeclaringClass()
          != ScatterFunction.class;
    } catch (NoSuchMethodException | LinkageError e) {
      // It cannot be told from outside.
      return true;
    }
  }

  /** Whether the function may give bounds. */
  public boolean bounds() {
    return bounds;
  }

  /** Time in which the instance was made. */
  public long initNanos() {
    return initNanos;
  }

  /** Code of the function that may throw anything at all. */
  private interface Step<R> {
    R run() throws Throwable;
  }

  private <R extends @Nullable Object> R run(String step, Step<R> body) {
    return threads == null ? here(step, body) : threads.run(failures, () -> here(step, body));
  }

  /** As {@link #run}, for steps that are the platform's own where the code has no class loader. */
  private <R extends @Nullable Object> R convert(String step, Step<R> body) {
    return loader == null ? here(step, body) : run(step, body);
  }

  private <R extends @Nullable Object> R here(String step, Step<R> body) {
    if (loader == null) {
      return guarded(step, body);
    }
    var thread = Thread.currentThread();
    var before = thread.getContextClassLoader();
    thread.setContextClassLoader(loader);
    try {
      return guarded(step, body);
    } finally {
      thread.setContextClassLoader(before);
    }
  }

  private <R extends @Nullable Object> R guarded(String step, Step<R> body) {
    if (interruption == null) {
      return told(step, body);
    }
    try {
      interruption.enter(() -> false);
    } catch (StoppedException e) {
      throw failures.of(step, e);
    }
    try {
      return told(step, body);
    } finally {
      interruption.leave();
    }
  }

  private <R extends @Nullable Object> R told(String step, Step<R> body) {
    try {
      return body.run();
    } catch (Throwable thrown) {
      throw failures.of(step, thrown);
    }
  }

  private Shard inside(Shard shard) {
    return interruption == null ? shard : new UninterruptedShard(shard, interruption);
  }

  /**
   * Nobody waits for the function any more: its code is interrupted, and every later step fails.
   * Any thread may ask, also after the end.
   */
  public void abandon() {
    abandon.run();
  }

  private Partial partial(String step, @Nullable Object value) {
    if (value == null) {
      throw failures.failed(step, "it returned null (expected: a partial)");
    }
    return new Partial(value, OptionalLong.empty());
  }

  /** A partial of a step that runs now, weighed within it: that saves a change of threads. */
  private Partial weighed(String step, @Nullable Object value) {
    if (!weighs || value == null) {
      return partial(step, value);
    }
    var weight = function.weight(value);
    if (weight == null || weight.orElse(0) < 0 || weight.orElse(0) > HEAVIEST) {
      throw failures.failed(
          step,
          "weight() returned %s (expected: 0..%d bytes, or empty)".formatted(weight, HEAVIEST));
    }
    return new Partial(value, weight);
  }

  /** From now on partials that are decoded and merged are weighed: who holds them wants to know. */
  public void weigh() {
    weighs = true;
  }

  void prepare(ScatterRequest request) {
    query = run("prepare", () -> function.prepare(request));
    if (query == null) {
      throw failures.failed("prepare", "it returned null (expected: a prepared query)");
    }
    commutative =
        run(
            "laws",
            () -> {
              boolean anyOrder = function.laws().contains(Law.COMMUTATIVE);
              trims = anyOrder && function.trims(query());
              return anyOrder;
            });
  }

  private Object query() {
    if (query == null) {
      throw new IllegalStateException("not prepared");
    }
    return query;
  }

  /** The partial answer of one shard. */
  public Partial leaf(Shard shard) {
    return partial("leaf", run("leaf", () -> function.leaf(query(), inside(shard))));
  }

  /** As {@link #leaf(Shard)}, without what lies below the bound where that saves work. */
  public Partial leaf(Shard shard, RisingBound bound) {
    return partial("leaf", run("leaf", () -> function.leaf(query(), inside(shard), bound)));
  }

  /** Whether the shard can add anything to the answer. */
  public boolean canMatch(ShardSummary summary) {
    return run("canMatch", () -> function.canMatch(query(), summary));
  }

  /** What shards that have not begun must reach to make a difference. Leaves the partial as is. */
  public Bound bound(Partial partial) {
    if (!bounds) {
      return Bound.NONE;
    }
    var bound = run("bound", () -> function.bound(query(), partial.value));
    if (bound == null) {
      throw failures.failed("bound", "it returned null (expected: an Optional)");
    }
    return bound.orElse(Bound.NONE);
  }

  /** Whether leaves may be asked for fewer hits than the query asks for. */
  public boolean trims() {
    return trims;
  }

  /**
   * Whether a partial of the best k only may have left out what belongs into the answer; with 0,
   * one that was cut elsewhere. Leaves both as they are.
   */
  public boolean lacks(Partial merged, Partial trimmed, int k) {
    return run("lacks", () -> function.lacks(query(), merged.value, trimmed.value, k));
  }

  /** What holds of the answer although a trimmed partial lacks something. Leaves both as is. */
  public Partial cut(Partial merged, Partial trimmed, Bound heeded) {
    return partial(
        "cut", run("cut", () -> function.cut(query(), merged.value, trimmed.value, heeded)));
  }

  /** Merges two partials and uses them up: hold on to neither. */
  public Partial merge(Partial a, Partial b) {
    return run("merge", () -> weighed("merge", function.merge(a.value, b.value)));
  }

  /** Completes a leaf's merged partial, while its shards are open, and uses it up. */
  public Partial complete(Partial partial) {
    return partial("complete", run("complete", () -> function.complete(query(), partial.value)));
  }

  public byte[] encode(Partial partial) {
    var bytes = new ByteSink(maxPartial.toIntBytes());
    try {
      convert(
          "encode",
          () -> {
            codec().write(partial.value, bytes);
            return Boolean.TRUE;
          });
    } catch (HeddleException e) {
      if (!bytes.overflown()) {
        throw e;
      }
    }
    if (bytes.overflown()) {
      throw tooLarge("partial", maxPartial);
    }
    return bytes.toByteArray();
  }

  private HeddleException tooLarge(String what, DataSize max) {
    return new HeddleException(
        ErrorCode.FUNCTION_RESULT_TOO_LARGE,
        "function %s: %s larger than %s (expected: at most that; ask for fewer or smaller hits)"
            .formatted(failures.label(), what, max));
  }

  private Codec<Object> codec() throws IOException {
    var codec = function.codec();
    if (codec == null) {
      throw new IOException("codec() returned null (expected: a codec)");
    }
    return codec;
  }

  public Partial decode(byte[] bytes) {
    var in = new ByteSource(bytes);
    var partial = convert("decode", () -> weighed("decode", codec().read(in)));
    if (in.remaining() > 0) {
      throw failures.failed(
          "decode", in.remaining() + " bytes left over (expected: all to be read)");
    }
    return partial;
  }

  /**
   * The answer as the function returned it; leaves the partial as it is.
   *
   * @param partial null where no shard answered
   */
  public @Nullable Object finish(@Nullable Partial partial, Coverage coverage) {
    return run(
        "finish", () -> function.finish(query(), partial == null ? null : partial.value, coverage));
  }

  /** The answer as JSON text in UTF-8. */
  public byte[] finishJson(@Nullable Partial partial, Coverage coverage) {
    var result = finish(partial, coverage);
    try {
      return convert("result", () -> JsonValues.write(result, maxResult));
    } catch (HeddleException e) {
      throw e.code() == ErrorCode.LIMIT_REACHED ? tooLarge("result", maxResult) : e;
    }
  }

  /** Whether partials may be merged as they arrive, not in the order of the shards. */
  public boolean commutative() {
    return commutative;
  }

  /** Lets go of the function's version. A second call does nothing. */
  @Override
  public void close() {
    if (!closed) {
      closed = true;
      release.run();
    }
  }
}
