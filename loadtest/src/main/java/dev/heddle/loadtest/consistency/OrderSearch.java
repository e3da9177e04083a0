package dev.heddle.loadtest.consistency;

import static java.util.Comparator.comparingLong;
import static java.util.stream.Collectors.toSet;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Looks for an order of a key's operations that keeps to real time and explains every answer: depth
 * first over which operation comes next (J. M. Wing and C. Gong, Testing and Verifying Concurrent
 * Objects, 1993), never twice from the same pair of operations done and register (G. Lowe, Testing
 * for Linearizability, 2017), nor from one that has less left to use. For one thread, once.
 *
 * <p>Four things keep it short, none of which loses an order. An operation that changes nothing
 * comes as soon as it can. Writes whose versions are known come in the order of the versions. One
 * that may or may not have happened comes only right before one that could not come without it: in
 * any order it can be moved there, or left out. And of several of the same effect that may or may
 * not have happened, the one that was called first comes first.
 */
final class OrderSearch {
  /** Looks at an operation for each state, on average, before it gives up. */
  private static final long STEPS = 100;

  private final List<Operation> certain;
  private final List<Operation> optional;
  private final long mostStates;

  /** The optional ones that cannot come anywhere. */
  private final List<Operation> conditional;

  /** For each optional operation an earlier one that does the same; -1: there is none. */
  private final int[] twins;

  /** Versions that certain operations gave, ascending. */
  private final long[] versions;

  /** Which sets of optional operations were used on the way to a place. */
  private final Map<Place, List<BitSet>> seen = new HashMap<>();

  private long states;
  private long steps;
  private final Deque<State> open = new ArrayDeque<>();

  enum Answer {
    FOUND,
    NONE,
    /** There were too many states to look at all of them. */
    GAVE_UP
  }

  /**
   * Where a beginning of an order leads to.
   *
   * @param done of the certain ones
   * @param register what it holds then
   * @param before what it held before the optional operation that came last; null: another one came
   *     last
   * @param written how many of {@link #versions} are there
   */
  private record Place(IndexSet done, Register register, @Nullable Register before, int written) {}

  /**
   * A beginning of an order.
   *
   * @param used optional ones; not changed
   */
  private record State(Place place, BitSet used) {}

  /**
   * @param certain happened between call and answer
   * @param optional happened after their call, or never
   * @param mostStates after so many states it gives up; one takes some 300 bytes
   */
  OrderSearch(List<Operation> certain, List<Operation> optional, Register start, long mostStates) {
    this.certain = certain.stream().sorted(comparingLong(Operation::invoked)).toList();
    var read =
        certain.stream()
            .flatMap(each ->
                each.outcome() instanceof Outcome.Found found
                    ? Stream.of(found.value())
                    : Stream.empty())
            .collect(toSet());
    this.optional =
        optional.stream()
            .sorted(comparingLong(Operation::invoked))
            .map(each -> Doubts.unread(each, read))
            .toList();
    this.twins = twins(this.optional);
    this.conditional =
        this.optional.stream().filter(each -> !(each.action() instanceof Action.Put)).toList();
    this.mostStates = mostStates;
    this.versions =
        certain.stream().mapToLong(Operation::version).filter(each -> each > 0).sorted().toArray();
    push(new Place(IndexSet.NONE, start, null, 0), new BitSet());
  }

  private static int[] twins(List<Operation> optional) {
    record Effect(Action action, Outcome outcome) {}

    var last = new HashMap<Effect, Integer>();
    var twins = new int[optional.size()];
    for (int i = 0; i < twins.length; i++) {
      var operation = optional.get(i);
      var earlier = last.put(new Effect(operation.action(), operation.outcome()), i);
      twins[i] = earlier == null ? -1 : earlier;
    }
    return twins;
  }

  long states() {
    return states;
  }

  Answer run() {
    if (Arrays.stream(versions).distinct().count() < versions.length) {
      return Answer.NONE;
    }
    while (!open.isEmpty()) {
      if (states > mostStates || steps > mostStates * STEPS) {
        return Answer.GAVE_UP;
      }
      var state = open.pop();
      if (state.place.done.below() == certain.size()) {
        return Answer.FOUND;
      }
      expand(state);
    }
    return Answer.NONE;
  }

  private void push(Place place, BitSet used) {
    if (place.written < versions.length && versions[place.written] <= place.register.floor()) {
      return;
    }
    var ways = seen.computeIfAbsent(place, each -> new ArrayList<>());
    steps += ways.size();
    for (var way : ways) {
      if (within(way, used)) {
        // Whatever can follow here can follow there.
        return;
      }
    }
    ways.add(used);
    states++;
    open.push(new State(place, used));
  }

  private static boolean within(BitSet some, BitSet all) {
    var missing = (BitSet) some.clone();
    missing.andNot(all);
    return missing.isEmpty();
  }

  private void expand(State state) {
    var place = state.place;
    var candidates = candidates(place);
    steps += candidates.size();
    var next = new ArrayList<Place>();
    for (int index : candidates) {
      var operation = certain.get(index);
      var after = after(place, operation);
      boolean writes = operation.version() > 0;
      if (after == null || (writes && operation.version() != versions[place.written])) {
        continue;
      }
      int written = writes ? place.written + 1 : place.written;
      var following = new Place(place.done.with(index), after, null, written);
      if (after.equals(place.register)) {
        push(following, state.used);
        return;
      }
      next.add(following);
    }
    // The last one that is pushed is looked at first.
    pushOptional(state, candidates);
    next.reversed().forEach(each -> push(each, state.used));
  }

  /** Undone operations before whose call no undone one had its answer. */
  private List<Integer> candidates(Place place) {
    var found = new ArrayList<Integer>();
    long firstReturn = Long.MAX_VALUE;
    for (int i = place.done.below(); i < certain.size(); i++) {
      var operation = certain.get(i);
      if (operation.invoked() > firstReturn) {
        break;
      }
      if (!place.done.contains(i)) {
        found.add(i);
        firstReturn = Math.min(firstReturn, operation.returned());
      }
    }
    return found;
  }

  /** Null where the operation cannot come next. */
  private static @Nullable Register after(Place place, Operation operation) {
    var before = place.before;
    return before != null && before.after(operation) != null
        ? null
        : place.register.after(operation);
  }

  private void pushOptional(State state, List<Integer> candidates) {
    long firstReturn =
        candidates.stream()
            .mapToLong(index -> certain.get(index).returned())
            .min()
            .orElse(Long.MAX_VALUE);
    var place = state.place;
    steps += optional.size();
    for (int i = optional.size() - 1; i >= 0; i--) {
      var operation = optional.get(i);
      boolean later = twins[i] >= 0 && !state.used.get(twins[i]);
      if (later || state.used.get(i) || operation.invoked() > firstReturn) {
        continue;
      }
      var after = after(place, operation);
      if (after != null && enables(place.register, after, candidates)) {
        var used = (BitSet) state.used.clone();
        used.set(i);
        push(new Place(place.done, after, place.register, place.written), used);
      }
    }
  }

  /** Whether something can come after, and could not come before. */
  private boolean enables(Register before, Register after, List<Integer> candidates) {
    steps += candidates.size() + conditional.size();
    for (int index : candidates) {
      var operation = certain.get(index);
      if (before.after(operation) == null && after.after(operation) != null) {
        return true;
      }
    }
    for (var operation : conditional) {
      if (before.after(operation) == null && after.after(operation) != null) {
        return true;
      }
    }
    return false;
  }
}
