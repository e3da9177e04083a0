package dev.heddle.loadtest.consistency;

import static java.util.stream.Collectors.groupingBy;
import static java.util.stream.Collectors.toList;

import java.util.Collection;
import java.util.List;
import java.util.TreeMap;

/**
 * Decides whether histories of registers are linearizable: whether each operation seems to happen
 * at one moment between its call and its answer. Keys are independent of each other, so each is
 * decided alone; every register is empty at first. A few thousand operations on a key take
 * milliseconds.
 *
 * @param mostStates of the search for each key, after which it gives up; each takes some 300 bytes
 * @see OrderSearch
 */
public record LinearizabilityChecker(long mostStates) {
  private static final long MOST_STATES = 500_000;

  public LinearizabilityChecker {
    if (mostStates < 100) {
      throw new IllegalArgumentException("states: " + mostStates + " (expected: >= 100)");
    }
  }

  /** A checker that takes up to 150 MB. */
  public LinearizabilityChecker() {
    this(MOST_STATES);
  }

  /** The verdict on each key, in the order of the keys. */
  public List<Verdict> check(Collection<Operation> history) {
    var byKey = history.stream().collect(groupingBy(Operation::key, TreeMap::new, toList()));
    return byKey.entrySet().stream().map(key -> check(key.getKey(), key.getValue())).toList();
  }

  private Verdict check(String key, List<Operation> all) {
    var doubts = new Doubts();
    var operations = doubts.settled(all.stream().filter(each -> !each.mute()).toList());
    var certain = operations.stream().filter(each -> !each.inDoubt()).toList();
    var optional = operations.stream().filter(Operation::inDoubt).toList();
    var search = new OrderSearch(certain, optional, Register.EMPTY, mostStates);
    var window = new FailingWindow(operations, mostStates / 10);
    return switch (search.run()) {
      case FOUND -> new Verdict.Explained(key, all.size());
      case NONE -> asRecorded(window.find(key), doubts);
      case GAVE_UP ->
          window
              .look(key)
              .<Verdict>map(found -> asRecorded(found, doubts))
              .orElseGet(() -> new Verdict.GaveUp(key, search.states()));
    };
  }

  private static Verdict.Violation asRecorded(Verdict.Violation found, Doubts doubts) {
    var witnesses = found.witnesses().stream().map(doubts::original).toList();
    return new Verdict.Violation(found.key(), witnesses, found.others());
  }
}
