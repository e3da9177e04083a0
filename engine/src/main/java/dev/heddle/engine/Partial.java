package dev.heddle.engine;

/** A partial answer of some function: opaque to everyone but the runs of that function. */
public final class Partial {
  final Object value;

  Partial(Object value) {
    this.value = value;
  }
}
