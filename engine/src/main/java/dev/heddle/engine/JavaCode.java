package dev.heddle.engine;

import dev.heddle.catalog.FunctionKind;
import dev.heddle.function.Handler;
import dev.heddle.function.ScatterFunction;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.Ticker;
import java.util.function.Consumer;

/** A version's classes in this JVM. */
final class JavaCode implements LoadedCode {
  /** An instance is a few objects; what it makes of the heap cannot be capped anyway. */
  private static final long RESERVED = 1 << 20;

  private final EntryPoint entry;
  private final long footprint;
  private final Failures failures;

  JavaCode(EntryPoint entry, long footprint, String label) {
    this.entry = entry;
    this.footprint = footprint;
    this.failures = new Failures(label, ErrorCode.FUNCTION_REJECTED, null, Ticker.system());
  }

  /** A class that is both is a handler for those who invoke it, a scatter function in a query. */
  @Override
  public FunctionKind kind() {
    return entry.handler() ? FunctionKind.HANDLER : FunctionKind.SCATTER;
  }

  @Override
  public FunctionClassLoader classLoader() {
    return entry.loader();
  }

  @Override
  public boolean readsJson() {
    return true;
  }

  @Override
  public long reserves(SandboxLimits limits) {
    return Math.min(RESERVED, limits.memory().bytes());
  }

  @Override
  public Sandbox newSandbox(SandboxLimits limits) {
    if (!entry.handler()) {
      throw failures.failed("load", "it is a scatter function (expected: a handler)");
    }
    return new JavaSandbox((Handler) newInstance(), failures.label(), limits.maxResult());
  }

  @Override
  @SuppressWarnings("unchecked") // The function is the only one to make and take its own types.
  public ScatterInstance newScatterInstance(SandboxLimits limits, Consumer<String> log) {
    if (!entry.scatter()) {
      throw failures.failed("load", "it is a handler (expected: a scatter function)");
    }
    var interruption = new Interruption();
    return new ScatterInstance(
        (ScatterFunction<Object, Object>) newInstance(),
        new SharedHeap(interruption),
        interruption);
  }

  private Object newInstance() {
    try {
      return entry.constructor().newInstance();
    } catch (Throwable thrown) {
      throw failures.of(Failures.INIT, thrown);
    }
  }

  @Override
  public long footprint() {
    return footprint;
  }

  @Override
  public void close() {
    entry.loader().close();
  }

  /**
   * The room of a scatter function in the JVM's own heap: there is nothing to pause or to meter. An
   * interrupt asks it to end; nothing can make it.
   */
  private record SharedHeap(Interruption interruption) implements Sandbox {
    @Override
    public byte[] invoke(byte[] event, Call call) {
      throw new IllegalStateException("a scatter function takes no events");
    }

    @Override
    public boolean reusable() {
      return false;
    }

    @Override
    public void pause() {}

    @Override
    public void resume() {}

    @Override
    public void interrupt() {
      interruption.interrupt();
    }

    @Override
    public void destroy() {
      interruption.end();
    }

    @Override
    public SandboxStatistics statistics() {
      return SandboxStatistics.NONE;
    }
  }
}
