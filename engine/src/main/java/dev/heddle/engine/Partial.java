package dev.heddle.engine;

import java.util.OptionalLong;

/** A partial answer of some function: opaque to everyone but the runs of that function. */
public final class Partial {
  final Object value;
  private final OptionalLong weight;

  Partial(Object value, OptionalLong weight) {
    this.value = value;
    this.weight = weight;
  }

  /**
   * What it takes of the heap, in bytes; empty where the function does not say, or its run was not
   * asked to ({@link ScatterRun#weigh}).
   */
  public OptionalLong weight() {
    return weight;
  }
}
