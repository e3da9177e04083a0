package dev.heddle.loadtest.consistency;

import java.util.Collection;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;

/** Collects what clients did and saw. Safe for any thread. */
public final class History {
  private final Queue<Operation> operations = new ConcurrentLinkedQueue<>();
  private final Queue<SessionEvent> events = new ConcurrentLinkedQueue<>();

  /** Of {@link LinearizabilityChecker}. */
  public void add(Operation operation) {
    operations.add(operation);
  }

  /** Of {@link SessionChecker}; a session's own events come in their order. */
  public void add(SessionEvent event) {
    events.add(event);
  }

  /** All up to now. */
  public Collection<Operation> operations() {
    return List.copyOf(operations);
  }

  /** All up to now. */
  public List<SessionEvent> events() {
    return List.copyOf(events);
  }
}
