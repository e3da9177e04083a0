package dev.heddle.engine;

import dev.heddle.process.HeddleException;

/**
 * A room in which one version of a function runs, for one tenant, one event at a time. It is
 * running, paused or stopped. {@link #interrupt}, {@link #destroy} and {@link #statistics} may come
 * from any thread at any time; the others from one thread at a time.
 */
public interface Sandbox {
  /**
   * Runs the init of code that has one for all that follows, on the calling thread and within reach
   * of {@link #interrupt}. Called once, before anything else of a scatter function.
   *
   * @throws HeddleException FUNCTION_INIT_FAILED in the step that failed
   */
  default void init() {}

  /**
   * Runs one event to its reply on the calling thread.
   *
   * @param event JSON text in UTF-8
   * @return the reply as JSON text in UTF-8; whoever calls checks its size and form
   * @throws HeddleException in the terms of {@link Failures}
   */
  byte[] invoke(byte[] event, Call call);

  /** Whether the next event may come here: false after a failure, or where each takes a new one. */
  boolean reusable();

  /** Stops it from using CPU, and gives back what memory it can. */
  void pause();

  /** Undoes {@link #pause}. */
  void resume();

  /**
   * Makes the code that runs in it end as soon as it can, which then fails with CANCELLED. Without
   * effect on later events: a thread that has left the sandbox is never interrupted by it. An event
   * that is about to enter knows by {@link Call#abandoned} that it is meant. In a scatter function,
   * which serves one query, no step runs any more.
   */
  void interrupt();

  /** Ends it for good. A second call does nothing. */
  void destroy();

  SandboxStatistics statistics();
}
