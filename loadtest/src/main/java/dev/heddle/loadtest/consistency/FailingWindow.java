package dev.heddle.loadtest.consistency;

import static java.util.Comparator.comparingLong;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.IntPredicate;
import java.util.stream.Stream;

/**
 * Cuts a history that no order explains down to few operations that no order explains. What is cut
 * off counts as possible wherever it may have had an effect, so that what is left is a proof of its
 * own. Where a smaller history is too hard to decide, the larger one stays. For one thread.
 */
final class FailingWindow {
  /** Operations of the parts that are looked at. */
  private static final int[] SHORT = {8, 32, 128};

  private final List<Operation> all;
  private final long mostStates;

  /**
   * @param all operations of a key
   * @param mostStates for each smaller history
   */
  FailingWindow(List<Operation> all, long mostStates) {
    this.all = List.copyOf(all);
    this.mostStates = mostStates;
  }

  /**
   * Part of the history.
   *
   * @param certain must be explained
   * @param optional may be used to explain them
   */
  private record Part(List<Operation> certain, List<Operation> optional, Register start) {}

  /** Of a history that fails as a whole. */
  Verdict.Violation find(String key) {
    var returns = certain().mapToLong(Operation::returned).sorted().distinct().toArray();
    // The more time passes, the less can be explained.
    int last = first(returns.length, i -> fails(part(Long.MIN_VALUE, returns[i], Register.EMPTY)));
    long end = returns[Math.min(last, returns.length - 1)];
    return shown(key, lastPart(end).orElse(part(Long.MIN_VALUE, end, Register.EMPTY)));
  }

  /** Of a history that is too hard as a whole: looks at short parts of it, one after the other. */
  Optional<Verdict.Violation> look(String key) {
    var calls = certain().sorted(comparingLong(Operation::invoked)).toList();
    for (int size : SHORT) {
      for (int i = 0; i < calls.size(); i += size / 2) {
        var some = calls.subList(i, Math.min(i + size, calls.size()));
        long end = some.stream().mapToLong(Operation::returned).max().orElseThrow();
        var part = part(some.getFirst().invoked(), end, Register.ANYTHING);
        if (fails(part)) {
          return Optional.of(shown(key, part));
        }
      }
    }
    return Optional.empty();
  }

  private Stream<Operation> certain() {
    return all.stream().filter(each -> !each.inDoubt());
  }

  private Verdict.Violation shown(String key, Part part) {
    var witnesses = fewest(part);
    int others = part.certain.size() + part.optional.size() - witnesses.size();
    return new Verdict.Violation(key, witnesses, others);
  }

  /**
   * The shortest part up to {@code end} that fails whatever was there before it. Short ones are
   * tried first, as they are easy.
   */
  private Optional<Part> lastPart(long end) {
    var calls =
        certain()
            .filter(each -> each.returned() <= end)
            .mapToLong(Operation::invoked)
            .sorted()
            .distinct()
            .toArray();
    for (int size = 1; size < 2 * calls.length; size *= 2) {
      int first = Math.max(0, calls.length - size);
      if (fails(part(calls[first], end, Register.ANYTHING))) {
        // The later it begins, the more can be explained.
        int count = Math.min(size, calls.length - first);
        int explained = first(count, i -> !fails(part(calls[first + i], end, Register.ANYTHING)));
        return Optional.of(part(calls[first + Math.max(0, explained - 1)], end, Register.ANYTHING));
      }
    }
    return Optional.empty();
  }

  /** What there is between two moments; an operation that sticks out may count or not. */
  private Part part(long from, long to, Register start) {
    var certain = new ArrayList<Operation>();
    var optional = new ArrayList<Operation>();
    for (var operation : all) {
      boolean ended = !operation.inDoubt() && operation.returned() <= to;
      if (operation.invoked() > to || (ended && operation.returned() < from)) {
        continue;
      }
      if (ended && operation.invoked() >= from) {
        certain.add(operation);
      } else if (operation.action().changes()) {
        optional.add(operation);
      }
    }
    return new Part(certain, optional, start);
  }

  /** Tries to do without ever smaller pieces, as long as some go. */
  private List<Operation> fewest(Part part) {
    var kept = part.certain;
    for (int size = Math.max(1, kept.size() / 2); size >= 1; size /= 2) {
      for (int at = 0; at < kept.size(); ) {
        var without = new ArrayList<>(kept);
        var piece = without.subList(at, Math.min(at + size, kept.size()));
        var optional = new ArrayList<>(part.optional);
        piece.stream().filter(each -> each.action().changes()).forEach(optional::add);
        piece.clear();
        var smaller = new Part(without, optional, part.start);
        if (fails(smaller)) {
          kept = without;
          part = smaller;
        } else {
          at += size;
        }
      }
    }
    return kept;
  }

  private boolean fails(Part part) {
    return new OrderSearch(part.certain, part.optional, part.start, mostStates).run()
        == OrderSearch.Answer.NONE;
  }

  /** The first of 0..count-1 for which it holds, from which on it always holds; else count. */
  private static int first(int count, IntPredicate holds) {
    int low = 0;
    int high = count;
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (holds.test(middle)) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    return low;
  }
}
