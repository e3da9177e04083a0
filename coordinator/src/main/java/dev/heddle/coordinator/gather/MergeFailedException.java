package dev.heddle.coordinator.gather;

import dev.heddle.process.HeddleException;

/** The function's merge failed here; its cause says how. */
public final class MergeFailedException extends RuntimeException {
  private static final long serialVersionUID = 1;

  private final transient HeddleException failure;

  MergeFailedException(HeddleException failure) {
    super(failure);
    this.failure = failure;
  }

  public HeddleException failure() {
    return failure;
  }
}
