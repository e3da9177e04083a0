package dev.heddle.leaf;

import dev.heddle.catalog.FunctionKind;
import dev.heddle.engine.Call;
import dev.heddle.engine.CheckedCode;
import dev.heddle.engine.Code;
import dev.heddle.engine.FunctionRuntime;
import dev.heddle.engine.LoadedCode;
import dev.heddle.engine.Manifest;
import dev.heddle.engine.Sandbox;
import dev.heddle.engine.SandboxLimits;
import dev.heddle.engine.SandboxStatistics;
import dev.heddle.engine.ShippedCode;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.util.concurrent.CountDownLatch;
import java.util.function.Consumer;

/** A runtime whose handlers answer with their event, or block where that is {@code "block"}. */
final class BlockingRuntime implements FunctionRuntime {
  final CountDownLatch entered = new CountDownLatch(1);
  final CountDownLatch interrupted = new CountDownLatch(1);

  @Override
  public String name() {
    return "blocking";
  }

  @Override
  public CheckedCode check(Code code, Manifest manifest) {
    throw new UnsupportedOperationException();
  }

  @Override
  public LoadedCode load(ShippedCode code, String label) {
    return new LoadedCode() {
      @Override
      public FunctionKind kind() {
        return FunctionKind.HANDLER;
      }

      @Override
      public Sandbox newSandbox(SandboxLimits limits) {
        return new Room();
      }

      @Override
      public ScatterInstance newScatterInstance(SandboxLimits limits, Consumer<String> log) {
        throw new UnsupportedOperationException();
      }

      @Override
      public long footprint() {
        return 1;
      }

      @Override
      public void close() {}
    };
  }

  private final class Room implements Sandbox {
    @Override
    public byte[] invoke(byte[] event, Call call) {
      if (event[0] != '"') {
        return event;
      }
      entered.countDown();
      try {
        interrupted.await();
      } catch (InterruptedException e) {
        throw new AssertionError(e);
      }
      throw new HeddleException(ErrorCode.CANCELLED, "function x: interrupted");
    }

    @Override
    public boolean reusable() {
      return true;
    }

    @Override
    public void pause() {}

    @Override
    public void resume() {}

    @Override
    public void interrupt() {
      interrupted.countDown();
    }

    @Override
    public void destroy() {}

    @Override
    public SandboxStatistics statistics() {
      return SandboxStatistics.NONE;
    }
  }
}
