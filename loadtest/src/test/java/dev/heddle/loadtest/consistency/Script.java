package dev.heddle.loadtest.consistency;

import dev.heddle.loadtest.consistency.Action.Delete;
import dev.heddle.loadtest.consistency.Action.Put;
import dev.heddle.loadtest.consistency.Action.PutIf;
import dev.heddle.loadtest.consistency.Action.Read;
import dev.heddle.loadtest.consistency.Outcome.Deleted;
import dev.heddle.loadtest.consistency.Outcome.Found;
import dev.heddle.loadtest.consistency.Outcome.Written;
import java.util.ArrayList;
import java.util.List;

/** A history written down by hand, on one key. Each call names when it began and when it ended. */
final class Script {
  private final List<Operation> operations = new ArrayList<>();

  Script put(long invoked, long returned, String value, long version) {
    return add(invoked, returned, new Put(value), new Written(version));
  }

  Script putIf(long invoked, long returned, long condition, String value, long version) {
    return add(invoked, returned, new PutIf(condition, value), new Written(version));
  }

  Script conflict(long invoked, long returned, long condition, String value) {
    return add(invoked, returned, new PutIf(condition, value), Outcome.CONFLICT);
  }

  Script deleted(long invoked, long returned, long version) {
    return add(invoked, returned, new Delete(), new Deleted(true, version));
  }

  Script deletedNothing(long invoked, long returned) {
    return add(invoked, returned, new Delete(), new Deleted(false, 0));
  }

  Script read(long invoked, long returned, String value, long version) {
    return add(invoked, returned, new Read(), new Found(value, version));
  }

  Script readNothing(long invoked, long returned) {
    return add(invoked, returned, new Read(), Outcome.ABSENT);
  }

  Script refused(long invoked, long returned, Action action) {
    return add(invoked, returned, action, Outcome.REFUSED);
  }

  Script inDoubt(long invoked, long returned, Action action) {
    return add(invoked, returned, action, Outcome.UNKNOWN);
  }

  private Script add(long invoked, long returned, Action action, Outcome outcome) {
    var client = "client " + operations.size();
    operations.add(new Operation("k", client, action, invoked, returned, outcome));
    return this;
  }

  List<Operation> operations() {
    return List.copyOf(operations);
  }

  Verdict verdict() {
    return new LinearizabilityChecker().check(operations).getFirst();
  }
}
