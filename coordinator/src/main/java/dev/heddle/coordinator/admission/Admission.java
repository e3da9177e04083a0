package dev.heddle.coordinator.admission;

import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.util.concurrent.Semaphore;

/**
 * A fixed number of places; who finds none is refused at once, never queued. Safe for many threads.
 */
public final class Admission {
  private final String what;
  private final int limit;
  private final Semaphore places;

  /**
   * Creates the limit.
   *
   * @param what is limited, for the error's message
   * @param limit places, at least 1
   */
  public Admission(String what, int limit) {
    this.what = what;
    this.limit = limit;
    this.places = new Semaphore(limit);
  }

  /**
   * Takes a place.
   *
   * @return gives it back, once
   * @throws HeddleException OVERLOADED where none is free
   */
  public Place admit() {
    if (!places.tryAcquire()) {
      throw new HeddleException(
          ErrorCode.OVERLOADED,
          what + ": " + limit + " in flight (expected: fewer than " + limit + "; retry later)");
    }
    return places::release;
  }

  public int inFlight() {
    return limit - places.availablePermits();
  }

  /** A place taken; closing gives it back. */
  @FunctionalInterface
  public interface Place extends AutoCloseable {
    @Override
    void close();
  }
}
