package dev.heddle.engine;

import dev.heddle.function.Event;
import dev.heddle.function.Handler;
import dev.heddle.function.StoppedException;
import dev.heddle.process.DataSize;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.Ticker;
import org.jspecify.annotations.Nullable;

/** One instance of a handler's class. An interrupt asks it to end; nothing can make it. */
final class JavaSandbox implements Sandbox {
  private static final byte[] NULL_REPLY = {'n', 'u', 'l', 'l'};

  private final Handler handler;
  private final Failures failures;
  private final DataSize maxResult;
  private final Interruption interruption = new Interruption();
  private volatile boolean reusable = true;
  private volatile long invocations;

  JavaSandbox(Handler handler, String label, DataSize maxResult) {
    this.handler = handler;
    this.failures = new Failures(label, ErrorCode.FUNCTION_REJECTED, null, Ticker.system());
    this.maxResult = maxResult;
  }

  @Override
  @SuppressWarnings("NonAtomicVolatileUpdate") // By one thread at a time.
  public byte[] invoke(byte[] event, Call call) {
    invocations++;
    var input = new Event(JsonValues.read(event));
    return encode(handle(input, call));
  }

  private @Nullable Object handle(Event input, Call call) {
    enter(call);
    try {
      return handler.handle(input, call.context());
    } catch (Throwable thrown) {
      var failure = failures.of("handle", thrown);
      // Whoever refuses in an orderly way is as good as before; others may be in any state.
      reusable &= failure.code() == ErrorCode.FUNCTION_REJECTED;
      throw failure;
    } finally {
      interruption.leave();
    }
  }

  private byte[] encode(@Nullable Object reply) {
    if (reply == null) {
      return NULL_REPLY.clone();
    }
    try {
      return JsonValues.write(reply, maxResult);
    } catch (HeddleException e) {
      throw e.code() == ErrorCode.LIMIT_REACHED
          ? failures.resultTooLarge("result", maxResult)
          : failures.of(Failures.RESULT, e);
    } catch (Throwable thrown) {
      throw failures.of(Failures.RESULT, thrown);
    }
  }

  private void enter(Call call) {
    try {
      interruption.enter(call.abandoned());
    } catch (StoppedException e) {
      throw failures.of("handle", e);
    }
  }

  @Override
  public boolean reusable() {
    return reusable;
  }

  /** Nothing runs in it between events. */
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
    reusable = false;
    interrupt();
  }

  @Override
  public SandboxStatistics statistics() {
    return new SandboxStatistics(invocations, 0, 0, 0);
  }
}
