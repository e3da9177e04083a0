package dev.heddle.process;

/** A gRPC service with streams that never end by themselves; told when its server closes. */
public interface DrainableService {
  /** Ends open streams, so that the close need not wait for its grace to pass. Does not block. */
  void drain();
}
