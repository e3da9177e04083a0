package dev.heddle.catalog;

import dev.heddle.catalog.Command.Call;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.Threads;
import dev.heddle.replication.LogPosition;
import dev.heddle.replication.Replica;
import java.io.IOException;
import java.nio.file.Files;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The state that the catalog's log makes. One thread of the group's applies; any thread reads, and
 * one at a time writes the state to disk.
 */
final class CatalogReplica implements Replica {
  /** Told of what happens, mostly by the thread that applies: must not block. */
  interface Listener {
    void stepped(Step step);

    /** Another state stands in the place of the present one. */
    void replaced();

    /** The role, the leader or the members may have changed. */
    void changed();
  }

  /** Gets the state of another member. */
  interface Fetch {
    /**
     * Leaves a state in {@link CatalogHome#fetched} that covers all entries before {@code first}.
     *
     * @return what it covers
     * @throws HeddleException if nobody gives one
     */
    LogPosition run(String leader, LogPosition first);
  }

  /**
   * What the log has and the disk's state does not.
   *
   * @param index of the last entry applied
   */
  record Unwritten(long index, long entries, long bytes) {}

  private final CatalogHome home;
  private final CatalogFile file;
  private final Listener listener;
  private final Fetch fetch;
  private final ThreadFactory fetcher = Threads.virtual("catalog-fetch");

  /** Held while {@link CatalogHome#state} is written or replaced. */
  private final ReentrantLock writing = new ReentrantLock();

  private final ReentrantLock lock = new ReentrantLock();

  /** Guarded by {@link #lock}, as is what follows; state is also read without. */
  private LogPosition at = LogPosition.NONE;

  private RecentCalls calls = new RecentCalls(Map.of());
  private long entries;
  private long bytes;
  private volatile CatalogState state;

  private volatile LogPosition durable = LogPosition.NONE;

  CatalogReplica(CatalogHome home, String clusterId, Listener listener, Fetch fetch) {
    this.home = home;
    this.file = new CatalogFile(home.state(), clusterId);
    this.state = CatalogState.empty(clusterId);
    this.listener = listener;
    this.fetch = fetch;
  }

  CatalogState state() {
    return state;
  }

  @Override
  public LogPosition open() throws IOException {
    Files.deleteIfExists(home.fetched());
    return load();
  }

  private LogPosition load() {
    Optional<Snapshot> stored = file.load();
    lock.lock();
    try {
      stored.ifPresent(snapshot -> {
        at = snapshot.at();
        durable = snapshot.at();
        state = snapshot.state();
        calls = new RecentCalls(snapshot.calls());
        entries = 0;
        bytes = 0;
      });
      return at;
    } finally {
      lock.unlock();
    }
  }

  @Override
  public Outcome apply(LogPosition position, byte[] data, @Nullable Object context)
      throws IOException {
    Command command = CatalogWire.command(data);
    @Nullable Step step = null;
    Outcome outcome;
    lock.lock();
    try {
      OptionalLong earlier = earlier(command);
      if (earlier.isPresent()) {
        outcome = new Outcome.Done(earlier.getAsLong(), 0);
      } else {
        step = Step.of(state, command);
        state = step.after();
        call(command).ifPresent(call -> calls.done(call, state.revision()));
        outcome = new Outcome.Done(state.revision(), step.keys().size());
      }
    } catch (HeddleException e) {
      outcome = new Outcome.Refused(e.code(), e.getMessage());
    } finally {
      at = position;
      entries++;
      bytes += data.length;
      lock.unlock();
    }
    if (step != null && !step.keys().isEmpty()) {
      listener.stepped(step);
    }
    return outcome;
  }

  private OptionalLong earlier(Command command) {
    Optional<Call> call = call(command);
    return call.isPresent() ? calls.revisionOf(call.get()) : OptionalLong.empty();
  }

  private static Optional<Call> call(Command command) {
    return command instanceof Command.Write write ? write.call() : Optional.empty();
  }

  @Override
  public void advanced(LogPosition position) {
    lock.lock();
    try {
      at = position;
    } finally {
      lock.unlock();
    }
  }

  @Override
  public LogPosition durable() {
    return durable;
  }

  Unwritten unwritten() {
    lock.lock();
    try {
      return new Unwritten(at.index(), entries, bytes);
    } finally {
      lock.unlock();
    }
  }

  /**
   * Writes the present state to disk.
   *
   * @throws HeddleException STORAGE_FAILED; the log still has it
   */
  void write() {
    writing.lock();
    try {
      Snapshot snapshot;
      long written;
      long size;
      lock.lock();
      try {
        snapshot = new Snapshot(at, state, calls.all());
        written = entries;
        size = bytes;
      } finally {
        lock.unlock();
      }
      if (snapshot.at().index() <= durable.index()) {
        return;
      }
      file.store(snapshot);
      durable = snapshot.at();
      lock.lock();
      try {
        entries -= written;
        bytes -= size;
      } finally {
        lock.unlock();
      }
    } finally {
      writing.unlock();
    }
  }

  @Override
  public CompletableFuture<LogPosition> fetch(String leader, LogPosition first) {
    CompletableFuture<LogPosition> fetched = new CompletableFuture<>();
    fetcher
        .newThread(() -> {
          try {
            fetched.complete(fetch.run(leader, first));
          } catch (RuntimeException | Error e) {
            fetched.completeExceptionally(e);
          }
        })
        .start();
    return fetched;
  }

  @Override
  public LogPosition installed() throws IOException {
    LogPosition position;
    writing.lock();
    try {
      home.install();
      position = load();
    } catch (HeddleException e) {
      throw new IOException(ErrorCode.STORAGE_FAILED + ": " + e.getMessage(), e);
    } finally {
      writing.unlock();
    }
    listener.replaced();
    return position;
  }

  @Override
  public void changed() {
    listener.changed();
  }

  @Override
  public void close() {}
}
