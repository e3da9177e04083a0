package dev.heddle.engine;

import dev.heddle.catalog.CatalogView;
import dev.heddle.catalog.FunctionVersion;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.Threads;
import io.grpc.Context;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The versions that are loaded: each once, counted by who uses it. An idle version stays for the
 * next request until too many are idle, or hold too much, or the catalog no longer names it; a
 * version in use is closed by its last user at the earliest, so that runs which began before a swap
 * finish on the code that they began with.
 *
 * <p>Safe for any thread.
 */
final class LoadedVersions implements AutoCloseable {
  private record Key(String tenant, String name, String digest) {}

  /** Fields are guarded by {@link #lock}. */
  private static final class Entry {
    final CompletableFuture<LoadedVersion> loading = new CompletableFuture<>();
    int users;
    boolean wanted = true;
    long idleBytes;
  }

  /** One user's hold on a version. */
  final class Lease {
    private final Key key;
    private final Entry entry;
    private final LoadedVersion version;

    private Lease(Key key, Entry entry, LoadedVersion version) {
      this.key = key;
      this.entry = entry;
      this.version = version;
    }

    LoadedVersion version() {
      return version;
    }

    /** Call once. */
    void release() {
      LoadedVersions.this.release(key, entry);
    }
  }

  private final EngineConfig config;
  private final CodeSource code;
  private final Runtimes runtimes;
  private final SandboxPool pool;
  private final EngineMetrics metrics;
  private final Runnable unloaded;
  private final ThreadFactory fetches = Threads.virtual("heddle-code-fetch");
  private final ReentrantLock lock = new ReentrantLock();

  /** Guarded by {@link #lock}; the least recently used first. */
  private final LinkedHashMap<Key, Entry> entries = new LinkedHashMap<>(16, 0.75f, true);

  /** Guarded by {@link #lock}. */
  private int idle;

  /** What the code of idle versions holds. Guarded by {@link #lock}. */
  private long idleBytes;

  /**
   * @param unloaded told after versions were closed that have classes of their own
   */
  LoadedVersions(
      EngineConfig config,
      CodeSource code,
      Runtimes runtimes,
      SandboxPool pool,
      EngineMetrics metrics,
      Runnable unloaded) {
    this.config = config;
    this.code = code;
    this.runtimes = runtimes;
    this.pool = pool;
    this.metrics = metrics;
    this.unloaded = unloaded;
    metrics.loadedVersions(
        this::size, () -> loaded().stream().mapToLong(one -> one.code().footprint()).sum());
  }

  int size() {
    lock.lock();
    try {
      return entries.size();
    } finally {
      lock.unlock();
    }
  }

  /** Loads the version unless it is loaded, and holds on to it. */
  Lease acquire(FunctionRef ref, FunctionVersion version, Failures failures) {
    var key = new Key(ref.tenant(), ref.name(), version.digest());
    Entry entry;
    boolean first = false;
    var closing = new ArrayList<LoadedVersion>();
    lock.lock();
    try {
      entry = entries.get(key);
      if (entry == null) {
        makeRoom(closing);
        entry = new Entry();
        entries.put(key, entry);
        first = true;
      } else if (entry.users == 0) {
        notIdle(entry);
      }
      entry.users++;
      // Whoever asks for it has seen a catalog that names it.
      entry.wanted = true;
    } finally {
      lock.unlock();
    }
    close(closing);
    if (first) {
      load(key, entry, ref, version, failures);
    }
    return new Lease(key, entry, await(key, entry, failures));
  }

  /** Call with the lock held. */
  private void makeRoom(List<LoadedVersion> closing) {
    if (entries.size() < config.maxVersions()) {
      return;
    }
    evictIdle(1, closing);
    if (closing.isEmpty()) {
      throw Refusals.refuse(
          ErrorCode.LIMIT_REACHED,
          "loaded versions",
          entries.size(),
          "fewer than " + config.maxVersions() + " in use");
    }
  }

  /** Takes out idle versions, those that were not used for longest first. Needs the lock. */
  private void evictIdle(int count, List<LoadedVersion> closing) {
    var all = entries.values().iterator();
    for (int left = count; left > 0 && all.hasNext(); ) {
      var entry = all.next();
      if (entry.users == 0) {
        all.remove();
        notIdle(entry);
        left--;
        closing.add(entry.loading.join());
      }
    }
  }

  /** Call with the lock held. */
  private void notIdle(Entry entry) {
    idle--;
    idleBytes -= entry.idleBytes;
    entry.idleBytes = 0;
  }

  private void load(
      Key key, Entry entry, FunctionRef ref, FunctionVersion version, Failures failures) {
    long start = failures.ticker().nanoTime();
    try {
      var runtime = runtimes.named(version.runtime(), ref.label(), ref.tenant());
      var shipped = shipped(version, failures);
      var limits = new SandboxLimits(version.memory(), config.maxResult());
      entry.loading.complete(
          new LoadedVersion(ref, version, runtime.load(shipped, ref.label()), limits));
      metrics.loaded(failures.ticker().nanoTime() - start);
    } catch (Throwable thrown) {
      metrics.loadFailed();
      lock.lock();
      try {
        entries.remove(key, entry);
      } finally {
        lock.unlock();
      }
      entry.loading.completeExceptionally(loadFailure(thrown, failures));
    }
  }

  /** Code and what it was compiled to, at once: each may have to come from another node. */
  private ShippedCode shipped(FunctionVersion version, Failures failures) {
    var compiled = version.compiled().map(this::fetching);
    try {
      var code = Archive.read(fetch(version.blob()), config.archive());
      return new ShippedCode(version, code, compiled.map(task -> fetched(task, failures)));
    } finally {
      // Not interrupted: that closes the file to which the store may be writing just then, and the
      // blob would be there, uncounted.
      compiled.ifPresent(task -> task.cancel(false));
    }
  }

  private FutureTask<byte[]> fetching(String digest) {
    // For whom the code is fetched, and until when, is in the context.
    var task = new FutureTask<>(Context.current().wrap(() -> fetch(digest)));
    fetches.newThread(task).start();
    return task;
  }

  private static byte[] fetched(FutureTask<byte[]> task, Failures failures) {
    try {
      return task.get();
    } catch (InterruptedException e) {
      throw failures.of("load", e);
    } catch (ExecutionException e) {
      throw failures.of("load", e.getCause() == null ? e : e.getCause());
    }
  }

  private byte[] fetch(String digest) {
    var bytes = code.fetch(digest);
    var actual = Digests.of(bytes);
    if (!actual.equals(digest)) {
      throw Refusals.refuse(ErrorCode.INVALID_FUNCTION, "code", actual, digest);
    }
    return bytes;
  }

  /** Code that could not be had is told as such; code that is no good is the function's fault. */
  private static HeddleException loadFailure(Throwable thrown, Failures failures) {
    if (!(thrown instanceof HeddleException known)) {
      return failures.failed("load", Failures.describe(thrown));
    }
    return known.code() == ErrorCode.INVALID_FUNCTION
        ? failures.failed("load", String.valueOf(known.getMessage()))
        : known;
  }

  private LoadedVersion await(Key key, Entry entry, Failures failures) {
    var deadline = failures.deadline();
    try {
      return deadline == null
          ? entry.loading.get()
          : entry.loading.get(deadline.remainingNanos(failures.ticker()), TimeUnit.NANOSECONDS);
    } catch (InterruptedException e) {
      var _ = entry.loading.whenComplete((version, failure) -> release(key, entry));
      throw failures.of("load", e);
    } catch (TimeoutException e) {
      var _ = entry.loading.whenComplete((version, failure) -> release(key, entry));
      throw new HeddleException(
          ErrorCode.DEADLINE_EXCEEDED,
          "function "
              + failures.label()
              + ": its code still came at the deadline (expected: to be there by then)",
          e);
    } catch (ExecutionException e) {
      release(key, entry);
      throw failures.of("load", e.getCause() == null ? e : e.getCause());
    }
  }

  private void release(Key key, Entry entry) {
    var closing = new ArrayList<LoadedVersion>();
    lock.lock();
    try {
      entry.users--;
      if (entry.users > 0 || entry.loading.isCompletedExceptionally()) {
        return;
      }
      if (entry.wanted && entries.get(key) == entry) {
        idle++;
        entry.idleBytes = entry.loading.join().code().footprint();
        idleBytes += entry.idleBytes;
        evictIdle(idle - config.idleVersions(), closing);
        while (idleBytes > config.idleCode().bytes()) {
          evictIdle(1, closing);
        }
      } else {
        entries.remove(key, entry);
        closing.add(entry.loading.join());
      }
    } finally {
      lock.unlock();
    }
    close(closing);
  }

  /** Closes versions that the catalog does not name: idle ones now, others with their last user. */
  void keepOnly(CatalogView view) {
    var closing = new ArrayList<LoadedVersion>();
    lock.lock();
    try {
      var all = entries.entrySet().iterator();
      while (all.hasNext()) {
        var next = all.next();
        var entry = next.getValue();
        entry.wanted = named(next.getKey(), view);
        if (!entry.wanted && entry.users == 0) {
          all.remove();
          notIdle(entry);
          closing.add(entry.loading.join());
        }
      }
    } finally {
      lock.unlock();
    }
    close(closing);
  }

  private static boolean named(Key key, CatalogView view) {
    return view.function(key.tenant(), key.name()).stream()
        .flatMap(function -> function.versions().stream())
        .anyMatch(version -> version.digest().equals(key.digest()));
  }

  private void close(List<LoadedVersion> closing) {
    for (var version : closing) {
      pool.drop(version);
      version.code().close();
      metrics.unloaded();
    }
    // Other code leaves nothing behind in threads.
    if (closing.stream().anyMatch(version -> version.code().classLoader() != null)) {
      unloaded.run();
    }
  }

  /** Versions whose code is there, in use or idle. */
  List<LoadedVersion> loaded() {
    lock.lock();
    try {
      return entries.values().stream()
          .filter(entry -> entry.loading.isDone() && !entry.loading.isCompletedExceptionally())
          .map(entry -> entry.loading.join())
          .toList();
    } finally {
      lock.unlock();
    }
  }

  /** Closes idle versions now and others with their last user. */
  @Override
  public void close() {
    var closing = new ArrayList<LoadedVersion>();
    lock.lock();
    try {
      entries.values().forEach(entry -> entry.wanted = false);
      evictIdle(idle, closing);
    } finally {
      lock.unlock();
    }
    close(closing);
  }
}
