package dev.heddle.engine;

import dev.heddle.catalog.FunctionVersion;
import dev.heddle.function.Handler;
import dev.heddle.function.ScatterFunction;
import dev.heddle.process.HeddleException;
import java.util.ArrayDeque;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The code of one version for one tenant in this JVM, with its warm handler instances. Owned by
 * {@link LoadedVersions}; safe for any thread.
 */
final class LoadedVersion implements AutoCloseable {
  private final FunctionVersion version;
  private final EntryPoint entry;
  private final int maxIdle;
  private final AtomicInteger stuck = new AtomicInteger();

  private final ReentrantLock lock = new ReentrantLock();

  /** Guarded by {@link #lock}; the last one used is the next one taken. */
  private final ArrayDeque<Handler> idle = new ArrayDeque<>();

  LoadedVersion(FunctionVersion version, EntryPoint entry, int maxIdle) {
    this.version = version;
    this.entry = entry;
    this.maxIdle = maxIdle;
  }

  FunctionVersion version() {
    return version;
  }

  FunctionClassLoader loader() {
    return entry.loader();
  }

  /** Threads that run this version beyond their deadline. */
  AtomicInteger stuck() {
    return stuck;
  }

  @SuppressWarnings("unchecked") // The function is the only one to make and take its own types.
  ScatterFunction<Object, Object> newScatterFunction(Failures failures) {
    if (!entry.scatter()) {
      throw failures.failed("load", "it is a handler (expected: a scatter function)");
    }
    return (ScatterFunction<Object, Object>) newInstance(failures);
  }

  /** A warm instance, or else a new one; runs code of the function. */
  Handler takeHandler(Failures failures) {
    if (!entry.handler()) {
      throw failures.failed("load", "it is a scatter function (expected: a handler)");
    }
    var warm = pollIdle();
    return warm != null ? warm : (Handler) newInstance(failures);
  }

  private @Nullable Handler pollIdle() {
    lock.lock();
    try {
      return idle.pollLast();
    } finally {
      lock.unlock();
    }
  }

  void giveBack(Handler handler) {
    lock.lock();
    try {
      if (idle.size() < maxIdle && !loader().closed()) {
        idle.addLast(handler);
      }
    } finally {
      lock.unlock();
    }
  }

  private Object newInstance(Failures failures) throws HeddleException {
    try {
      return entry.constructor().newInstance();
    } catch (Throwable thrown) {
      throw failures.of("constructor", thrown);
    }
  }

  @Override
  public void close() {
    loader().close();
    lock.lock();
    try {
      idle.clear();
    } finally {
      lock.unlock();
    }
  }
}
