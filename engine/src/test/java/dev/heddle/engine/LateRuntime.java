package dev.heddle.engine;

import dev.heddle.catalog.FunctionKind;
import java.util.concurrent.CountDownLatch;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Another runtime, whose sandboxes are entered only once they were interrupted: as where a thread
 * loses its processor on the way into one, until the deadline has passed.
 */
public final class LateRuntime implements FunctionRuntime {
  /** Counted down by each event that has come out of its sandbox. */
  public final CountDownLatch left = new CountDownLatch(1);

  private final String name;
  private final FunctionRuntime runtime;

  public LateRuntime(String name, FunctionRuntime runtime) {
    this.name = name;
    this.runtime = runtime;
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public boolean serves(String tenant) {
    return runtime.serves(tenant);
  }

  @Override
  public CheckedCode check(Code code, Manifest manifest) {
    return runtime.check(code, manifest);
  }

  @Override
  public LoadedCode load(ShippedCode code, String label) {
    return new Late(runtime.load(code, label));
  }

  private final class Late implements LoadedCode {
    private final LoadedCode code;

    Late(LoadedCode code) {
      this.code = code;
    }

    @Override
    public FunctionKind kind() {
      return code.kind();
    }

    @Override
    public @Nullable ClassLoader classLoader() {
      return code.classLoader();
    }

    @Override
    public boolean readsJson() {
      return code.readsJson();
    }

    @Override
    public long reserves(SandboxLimits limits) {
      return code.reserves(limits);
    }

    @Override
    public Sandbox newSandbox(SandboxLimits limits) {
      return new Door(code.newSandbox(limits));
    }

    @Override
    public ScatterInstance newScatterInstance(SandboxLimits limits, Consumer<String> log) {
      return code.newScatterInstance(limits, log);
    }

    @Override
    public long footprint() {
      return code.footprint();
    }

    @Override
    public void close() {
      code.close();
    }
  }

  private final class Door implements Sandbox {
    private final Sandbox sandbox;
    private final CountDownLatch interrupted = new CountDownLatch(1);

    Door(Sandbox sandbox) {
      this.sandbox = sandbox;
    }

    @Override
    public byte[] invoke(byte[] event, Call call) {
      try {
        interrupted.await();
        return sandbox.invoke(event, call);
      } catch (InterruptedException e) {
        throw new AssertionError("its thread was interrupted, not the sandbox", e);
      } finally {
        left.countDown();
      }
    }

    @Override
    public boolean reusable() {
      return sandbox.reusable();
    }

    @Override
    public void pause() {
      sandbox.pause();
    }

    @Override
    public void resume() {
      sandbox.resume();
    }

    @Override
    public void interrupt() {
      sandbox.interrupt();
      interrupted.countDown();
    }

    @Override
    public void destroy() {
      sandbox.destroy();
    }

    @Override
    public SandboxStatistics statistics() {
      return sandbox.statistics();
    }
  }
}
