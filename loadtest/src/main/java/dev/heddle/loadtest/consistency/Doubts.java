package dev.heddle.loadtest.consistency;

import dev.heddle.loadtest.consistency.Outcome.Found;
import dev.heddle.loadtest.consistency.Outcome.Written;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Settles doubts by what others read: where a value was read that one operation alone wrote, that
 * operation took effect, got the version that was read, and was done before the read was. For one
 * thread.
 */
final class Doubts {
  /** Stands for values that nobody read. */
  private static final String UNREAD = "\0unread";

  private final IdentityHashMap<Operation, Operation> originals = new IdentityHashMap<>();

  /** The operations, those in doubt that must have happened as if they had been acknowledged. */
  List<Operation> settled(List<Operation> operations) {
    var writers = new HashMap<String, Integer>();
    var firstReads = new HashMap<String, Operation>();
    for (var operation : operations) {
      value(operation.action()).ifPresent(value -> writers.merge(value, 1, Integer::sum));
      if (operation.outcome() instanceof Found found) {
        firstReads.merge(
            found.value(),
            operation,
            (one, other) -> one.returned() <= other.returned() ? one : other);
      }
    }
    var settled = new ArrayList<Operation>();
    for (var operation : operations) {
      var read =
          value(operation.action())
              .filter(value -> operation.inDoubt() && writers.getOrDefault(value, 0) == 1)
              .map(firstReads::get);
      settled.add(read.map(each -> settled(operation, each)).orElse(operation));
    }
    return settled;
  }

  private Operation settled(Operation operation, Operation read) {
    if (!(read.outcome() instanceof Found found) || read.returned() < operation.invoked()) {
      // Read before it was written: that will be found out.
      return operation;
    }
    var settled =
        new Operation(
            operation.key(),
            operation.client(),
            operation.action(),
            operation.invoked(),
            read.returned(),
            new Written(found.version()));
    originals.put(settled, operation);
    return settled;
  }

  /** As the operation was before it was settled. */
  Operation original(Operation operation) {
    return originals.getOrDefault(operation, operation);
  }

  /** As it is where nobody ever reads the value: all such values are the same one. */
  static Operation unread(Operation operation, Set<String> read) {
    var action =
        switch (operation.action()) {
          case Action.Put put when !read.contains(put.value()) -> new Action.Put(UNREAD);
          case Action.PutIf put when !read.contains(put.value()) ->
              new Action.PutIf(put.version(), UNREAD);
          case Action other -> other;
        };
    return new Operation(
        operation.key(),
        operation.client(),
        action,
        operation.invoked(),
        operation.returned(),
        operation.outcome());
  }

  private static Optional<String> value(Action action) {
    return switch (action) {
      case Action.Put put -> Optional.of(put.value());
      case Action.PutIf put -> Optional.of(put.value());
      case Action.Read _, Action.Delete _ -> Optional.empty();
    };
  }
}
