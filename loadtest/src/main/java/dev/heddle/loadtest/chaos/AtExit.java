package dev.heddle.loadtest.chaos;

/** Closes something when this process ends, if nobody has done so before. */
public final class AtExit {
  private final Thread hook;

  private AtExit(Thread hook) {
    this.hook = hook;
  }

  /**
   * @param name of the thread
   * @param end must be quick, and bear to run beside whatever else ends then
   */
  public static AtExit run(String name, Runnable end) {
    var hook = new Thread(end, name);
    Runtime.getRuntime().addShutdownHook(hook);
    return new AtExit(hook);
  }

  /** There is no more need. */
  public void cancel() {
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException e) {
      // The process is ending already: the hook sees to it.
    }
  }
}
