package dev.heddle.engine.wasm;

import dev.heddle.engine.Call;
import dev.heddle.engine.Failures;
import dev.heddle.engine.Interruption;
import dev.heddle.engine.Sandbox;
import dev.heddle.engine.SandboxLimits;
import dev.heddle.engine.SandboxStatistics;
import dev.heddle.function.StoppedException;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * A place in which events are answered one after the other, each by an instance of its own: nothing
 * is left of one when the next comes, and an idle sandbox holds no memory.
 */
final class HandlerSandbox implements Sandbox {
  private final LoadedModule module;
  private final SandboxLimits limits;
  private final Interruption interruption = new Interruption();
  private final AtomicLong invocations = new AtomicLong();
  private volatile long peak;

  /** At work; absent between events. */
  private volatile @Nullable Guest guest;

  HandlerSandbox(LoadedModule module, SandboxLimits limits) {
    this.module = module;
    this.limits = limits;
  }

  @Override
  public byte[] invoke(byte[] event, Call call) {
    var failures =
        new Failures(module.label(), ErrorCode.FUNCTION_REJECTED, call.deadline(), module.ticker());
    invocations.incrementAndGet();
    try {
      interruption.enter(call.abandoned());
      try {
        if (call.deadline().expired(module.ticker())) {
          // Whoever interrupts it at the deadline may have come before it was entered.
          throw new StoppedException("stopped by the platform");
        }
        return run(event, call, failures);
      } finally {
        interruption.leave();
      }
    } catch (HeddleException e) {
      throw e;
    } catch (Throwable thrown) {
      throw failures.of("handle", thrown);
    }
  }

  private byte[] run(byte[] event, Call call, Failures failures) {
    try (var guest = started(call, failures)) {
      this.guest = guest;
      try {
        int address = guest.pass(event);
        long reply = guest.call("handle", module.exports().handle(), address, event.length);
        return guest.take(reply, limits.maxResult());
      } finally {
        this.guest = null;
        guest.output().flush();
        used(guest);
      }
    }
  }

  private Guest started(Call call, Failures failures) {
    try {
      return new Guest(module, limits.memory(), call, call.context()::log);
    } catch (GuestException | GuestExit e) {
      throw failures.failed(ErrorCode.FUNCTION_INIT_FAILED, "init", e.toString(), e);
    }
  }

  private void used(Guest guest) {
    long bytes = guest.memory().ownedBytes();
    peak = Math.max(peak, bytes);
  }

  @Override
  public boolean reusable() {
    return true;
  }

  /** Does nothing: between events there is no instance. */
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
    var current = guest;
    long holds = current == null ? 0 : current.memory().ownedBytes();
    return new SandboxStatistics(invocations.get(), 0, holds, Math.max(peak, holds));
  }
}
