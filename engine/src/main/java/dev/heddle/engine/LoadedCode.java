package dev.heddle.engine;

import dev.heddle.catalog.FunctionKind;
import dev.heddle.function.ScatterFunction;
import dev.heddle.process.HeddleException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One version's code in this process, for one tenant: makes sandboxes. Safe for any thread. What it
 * made may still run when it is closed, and then fails or ends.
 */
public interface LoadedCode extends AutoCloseable {
  FunctionKind kind();

  /** Class loader for the thread that runs its code; null where that does not matter. */
  default @Nullable ClassLoader classLoader() {
    return null;
  }

  /**
   * Whether its sandboxes read events and write replies by {@link JsonValues} within their limits:
   * then nobody else need check either.
   */
  default boolean readsJson() {
    return false;
  }

  /** Bytes of the node's sandbox memory that are set aside for one sandbox with these limits. */
  default long reserves(SandboxLimits limits) {
    return limits.memory().bytes();
  }

  /**
   * A new sandbox for a handler; runs its init on the calling thread, which may be interrupted to
   * end it.
   *
   * @throws HeddleException FUNCTION_INIT_FAILED in the step that failed
   */
  Sandbox newSandbox(SandboxLimits limits);

  /**
   * A fresh instance for one query on one node. Its types are its own.
   *
   * @param log takes the lines that it writes, from the thread that runs it
   * @throws HeddleException FUNCTION_INIT_FAILED in the step that failed
   */
  ScatterInstance newScatterInstance(SandboxLimits limits, Consumer<String> log);

  /** Bytes that the code itself holds while loaded, as far as known. */
  long footprint();

  @Override
  void close();

  /**
   * A scatter function at work for one query on one node; used by one thread at a time.
   *
   * @param function what the platform calls
   * @param sandbox what meters, interrupts and ends it
   * @param interruption that each of its calls enters, and leaves while it is in a shard; null: it
   *     sees to that itself
   */
  record ScatterInstance(
      ScatterFunction<Object, Object> function,
      Sandbox sandbox,
      @Nullable Interruption interruption) {
    /** One whose calls see to their interruption themselves. */
    public ScatterInstance(ScatterFunction<Object, Object> function, Sandbox sandbox) {
      this(function, sandbox, null);
    }

    /** Stops what runs, for good: nobody waits for it any more. Any thread may ask. */
    void abandon() {
      if (interruption == null) {
        sandbox.interrupt();
      } else {
        interruption.end();
      }
    }
  }
}
