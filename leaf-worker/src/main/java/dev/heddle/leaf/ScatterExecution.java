package dev.heddle.leaf;

import dev.heddle.engine.Engine;
import dev.heddle.engine.MissingReason;
import dev.heddle.engine.Partial;
import dev.heddle.engine.ScatterRun;
import dev.heddle.function.BadRequestException;
import dev.heddle.function.Bound;
import dev.heddle.function.RisingBound;
import dev.heddle.leaf.LeafOutcome.Answer;
import dev.heddle.leaf.LeafOutcome.Missing;
import dev.heddle.leaf.LeafOutcome.Part;
import dev.heddle.leaf.LeafOutcome.ShardFailure;
import dev.heddle.leaf.LeafOutcome.ShardTiming;
import dev.heddle.leaf.LeafOutcome.Spent;
import dev.heddle.leaf.LeafTask.ShardRef;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.Ticker;
import dev.heddle.shard.FieldFigures;
import dev.heddle.shard.MissingStatisticsException;
import dev.heddle.shard.ReadScope;
import dev.heddle.shard.ShardMeter;
import dev.heddle.shard.ShardReader;
import dev.heddle.shard.ShardStatistics;
import dev.heddle.shard.ShardStore;
import dev.heddle.shard.StatisticsSnapshot;
import dev.heddle.shard.TermFigures;
import dev.heddle.shard.TermKey;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * One run of a {@link LeafTask}: opens a view of every shard, asks for missing statistics before
 * anything is scored, runs the function shard by shard and merges as it goes. A shard that fails
 * leaves the others' answer whole. Used by one compute thread.
 */
final class ScatterExecution {
  private static final long MIB = 1 << 20;
  private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

  private final LeafTask task;
  private final ShardStore store;
  private final Engine engine;
  private final Ticker ticker;
  private final long builtInMemoryMib;
  private final long queueNanos;
  private final long startedNanos;
  private final long startedCpuNanos;
  private final ShardMeter meter = new ShardMeter();
  private final SpendingLimit limit;
  private final BooleanSupplier stopped;
  private final Epochs.Epoch epoch;
  private final List<ShardFailure> failures = new ArrayList<>();
  private final List<ShardTiming> timings = new ArrayList<>();
  private final List<ShardRef> covers = new ArrayList<>();
  private final Heeded heeded = new Heeded();
  private final ReadScope scope;
  private long initNanos;

  ScatterExecution(
      LeafTask task,
      ShardStore store,
      Engine engine,
      Epochs epochs,
      Ticker ticker,
      long builtInMemoryMib,
      long queuedAtNanos) {
    this.task = task;
    this.store = store;
    this.engine = engine;
    this.ticker = ticker;
    this.builtInMemoryMib = builtInMemoryMib;
    this.startedNanos = ticker.nanoTime();
    this.startedCpuNanos = THREADS.getCurrentThreadCpuTime();
    this.queueNanos = startedNanos - queuedAtNanos;
    this.limit = new SpendingLimit(task.budget(), meter, this::cpuNanos);
    this.stopped =
        () ->
            task.cancelled().getAsBoolean()
                || task.deadline().expired(ticker)
                || limit.isExceeded();
    this.epoch = epochs.epoch(task.epoch());
    task.statistics().ifPresent(epoch::learn);
    var statistics =
        task.statistics().<StatisticsSnapshot>map(s -> new Overlay(s, epoch)).orElse(epoch);
    this.scope = new ReadScope(statistics, stopped, meter);
  }

  LeafOutcome run() {
    var readers = new ArrayList<OpenShard>(task.shards().size());
    try {
      for (var ref : task.shards()) {
        open(ref).ifPresent(readers::add);
      }
      var missing = missingStatistics(readers);
      if (missing.isPresent()) {
        return missing.get();
      }
      return answer(readers);
    } catch (MissingStatisticsException e) {
      return missing(readers, e.terms(), e.fields());
    } finally {
      for (var open : readers) {
        open.reader.close();
      }
    }
  }

  private Optional<OpenShard> open(ShardRef ref) {
    var unready = task.unready().get(ref);
    if (unready != null) {
      fail(ref, unready);
      return Optional.empty();
    }
    try {
      return Optional.of(
          new OpenShard(ref, current(ref, store.open(task.datasetId(), ref.shard(), scope))));
    } catch (HeddleException e) {
      fail(ref, e);
      return Optional.empty();
    } catch (RuntimeException e) {
      fail(
          ref, new HeddleException(ErrorCode.STORAGE_FAILED, "shard " + ref.shard() + ": " + e, e));
      return Optional.empty();
    }
  }

  private ShardReader current(ShardRef ref, ShardReader reader) {
    try {
      ReadWaits.check(ref.shard(), task.waited().getOrDefault(ref, -1L), reader.position());
      return reader;
    } catch (HeddleException e) {
      reader.close();
      throw e;
    }
  }

  /** What the request's own query lacks, found before anything is scored. */
  private Optional<LeafOutcome> missingStatistics(List<OpenShard> readers) {
    boolean fields = task.statistics().isEmpty() && !epoch.fieldsKnown();
    Set<TermKey> terms = new HashSet<>();
    for (var open : readers) {
      try {
        terms.addAll(open.reader.missingStatistics(task.request().query()));
      } catch (BadRequestException e) {
        throw new HeddleException(ErrorCode.INVALID_REQUEST, String.valueOf(e.getMessage()), e);
      }
    }
    if (readers.isEmpty() || (terms.isEmpty() && !fields)) {
      return Optional.empty();
    }
    return Optional.of(missing(readers, terms, fields));
  }

  private LeafOutcome missing(List<OpenShard> readers, Set<TermKey> terms, boolean fields) {
    timings.clear();
    for (var open : readers) {
      timings.add(timing(open, 0, 0, 0, 0, false));
    }
    var shards = readers.stream().map(open -> open.ref.shard()).toList();
    var local = store.statistics(task.datasetId(), shards, terms, fields);
    return new Missing(fields, local, timings, failures, spent());
  }

  private LeafOutcome answer(List<OpenShard> readers) {
    if (readers.isEmpty()) {
      return nothing();
    }
    try (var run = engine.scatter(task.function(), task.request(), task.deadline(), task.origin());
        // Whoever has an answer from elsewhere needs this one no more, nor the thread it takes.
        var _ = CallerWatch.open(run::abandon)) {
      initNanos = run.initNanos();
      return task.byShard() ? eachByItself(run, readers) : merged(run, readers);
    } catch (HeddleException e) {
      if (e.code().kind() == ErrorCode.Kind.USER) {
        throw e;
      }
      if (limit.isExceeded()) {
        return overspent();
      }
      failAll(e);
      return nothing();
    }
  }

  private LeafOutcome nothing() {
    return new Answer(List.of(), null, List.of(), failures, timings, Bound.NONE, spent());
  }

  /**
   * What this call's shards heed: the stronger one of what they found themselves and what others
   * did.
   */
  private final class Heeded implements RisingBound {
    private Bound own = Bound.NONE;

    /** The strongest that only others account for, of those that were given. */
    private Bound others = Bound.NONE;

    @Override
    public Bound now() {
      var told = task.bar().now();
      if (told.compareTo(own) <= 0) {
        return own;
      }
      others = told;
      return told;
    }
  }

  /**
   * Shards that cannot match are left alone, as long as there is a partial that covers them: so the
   * function sees at least one shard, and has refused what is wrong with the request. What was
   * found on some raises the bar for those after.
   */
  private LeafOutcome merged(ScatterRun run, List<OpenShard> readers) {
    Partial merged = null;
    List<OpenShard> hopeless = new ArrayList<>(0);
    for (var open : readers) {
      if (readers.size() > 1 && !mayMatch(run, open)) {
        hopeless.add(open);
        continue;
      }
      var partial = leaf(run, open);
      if (partial != null) {
        merged = merged == null ? partial : run.merge(merged, partial);
        heeded.own = heeded.own.raised(run.bound(merged));
      }
    }
    for (var open : hopeless) {
      if (merged == null) {
        merged = leaf(run, open);
      } else {
        covers.add(open.ref);
        timings.add(timing(open, 0, 0, ticker.nanoTime() - startedNanos, 0, true));
      }
    }
    if (limit.isExceeded()) {
      return overspent();
    }
    byte[] encoded = merged == null ? null : run.encode(run.complete(merged));
    return new Answer(covers, encoded, List.of(), failures, timings, heeded.others, spent());
  }

  /** Where the function cannot say, the shard is searched, which tells what is wrong. */
  private static boolean mayMatch(ScatterRun run, OpenShard open) {
    try {
      return run.canMatch(open.reader.summary());
    } catch (HeddleException e) {
      return true;
    }
  }

  /** The query is over: what was found so far is of no use. */
  private LeafOutcome overspent() {
    failures.clear();
    failAll(limit.exceeded().orElseThrow());
    return nothing();
  }

  private LeafOutcome eachByItself(ScatterRun run, List<OpenShard> readers) {
    List<Part> parts = new ArrayList<>(readers.size());
    for (var open : readers) {
      var partial = leaf(run, open);
      if (partial != null) {
        parts.add(new Part(open.ref, run.encode(run.complete(partial))));
      }
    }
    if (limit.isExceeded()) {
      return overspent();
    }
    return new Answer(List.of(), null, parts, failures, timings, heeded.others, spent());
  }

  /** The shard's partial, or null where it failed. */
  private @Nullable Partial leaf(ScatterRun run, OpenShard open) {
    if (limit.isExceeded()) {
      return null;
    }
    if (stopped.getAsBoolean()) {
      fail(open.ref, notBegun(open.ref));
      return null;
    }
    long start = ticker.nanoTime();
    long matchedBefore = meter.matched();
    long scannedBefore = meter.documentsScanned();
    try {
      var partial = run.leaf(open.reader, heeded);
      covers.add(open.ref);
      timings.add(
          timing(
              open,
              meter.matched() - matchedBefore,
              meter.documentsScanned() - scannedBefore,
              start - startedNanos,
              ticker.nanoTime() - start,
              false));
      return partial;
    } catch (HeddleException e) {
      if (e.getCause() instanceof MissingStatisticsException missing) {
        // The function searched for something of its own: it runs again, with the figures.
        throw missing;
      }
      if (e.code().kind() == ErrorCode.Kind.USER) {
        throw e;
      }
      fail(open.ref, e);
      return null;
    }
  }

  private HeddleException notBegun(ShardRef ref) {
    boolean late = task.deadline().expired(ticker);
    return new HeddleException(
        late ? ErrorCode.DEADLINE_EXCEEDED : ErrorCode.CANCELLED,
        "shard " + ref.shard() + ": not begun by then");
  }

  private static ShardTiming timing(
      OpenShard open,
      long matched,
      long scanned,
      long startNanos,
      long activeNanos,
      boolean skipped) {
    return new ShardTiming(
        open.ref.shard(),
        open.reader.documents(),
        matched,
        scanned,
        startNanos,
        activeNanos,
        open.reader.view(),
        open.reader.incarnation(),
        open.reader.position(),
        skipped);
  }

  private void failAll(HeddleException cause) {
    covers.clear();
    for (var ref : task.shards()) {
      if (failures.stream().noneMatch(failure -> failure.shard().equals(ref))) {
        fail(ref, cause);
      }
    }
  }

  private void fail(ShardRef ref, HeddleException cause) {
    failures.add(
        new ShardFailure(
            ref, cause.code(), MissingReason.of(cause.code()), String.valueOf(cause.getMessage())));
  }

  /** What it has cost so far; on the thread that runs it. */
  Spent spent() {
    long memory =
        task.function()
            .version()
            .map(v -> Math.ceilDiv(v.memory().bytes(), MIB))
            .orElse(builtInMemoryMib);
    return new Spent(
        ticker.nanoTime() - startedNanos - initNanos,
        cpuNanos(),
        queueNanos,
        initNanos,
        memory,
        meter.documentsScanned(),
        meter.bytesRead(),
        meter.operations());
  }

  private long cpuNanos() {
    return THREADS.getCurrentThreadCpuTime() - startedCpuNanos;
  }

  private record OpenShard(ShardRef ref, ShardReader reader) {}

  /**
   * What came with the request, then what the epoch knows: so a forgetful epoch cannot starve a
   * query.
   */
  private record Overlay(ShardStatistics first, Epochs.Epoch second) implements StatisticsSnapshot {
    @Override
    public Optional<FieldFigures> field(String name) {
      var figures = first.fields().get(name);
      return figures == null ? second.field(name) : Optional.of(figures);
    }

    @Override
    public Optional<TermFigures> term(TermKey key) {
      var figures = first.terms().get(key);
      return figures == null ? second.term(key) : Optional.of(figures);
    }
  }
}
