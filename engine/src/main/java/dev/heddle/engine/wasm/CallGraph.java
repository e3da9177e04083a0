package dev.heddle.engine.wasm;

import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * Which function of a module may call which, to find out how deep its stack can be where it calls
 * its host. A call through a table may reach every function of the same type that is in a table or
 * could be put there.
 *
 * <p>What is left after taking away, again and again, functions that nobody calls (Kahn's
 * topological sort) recurses or is called by what recurses; for all others the deepest chain of
 * callers is known. Used by one thread, function by function.
 */
final class CallGraph {
  private static final int MAX_CALLS = 1 << 20;

  /**
   * Return address, saved registers, and what compiled code keeps besides the function's values.
   */
  private static final int FRAME = 256;

  /** Of a local, or a value on the stack, in the interpreter's frames. */
  private static final int VALUE = 16;

  private final List<ModuleLayout.Type> types;
  private final int[] functions;
  private final int imports;
  private final BitSet referenced;

  /** Calls of a function stand from its start to that of the next one. */
  private final int[] starts;

  private final long[] frames;
  private int[] callees = new int[64];
  private int calls;
  private boolean complete = true;

  /**
   * @param functions type of each function, imports first
   * @param referenced functions that tables may hold; more may be added while code is read
   */
  CallGraph(List<ModuleLayout.Type> types, int[] functions, int imports, BitSet referenced) {
    this.types = types;
    this.functions = functions;
    this.imports = imports;
    this.referenced = referenced;
    this.starts = new int[functions.length + 1];
    this.frames = new long[functions.length];
  }

  /**
   * Ends a function; those that are read come in the order of their indexes.
   *
   * @param locals with its parameters
   * @param bytes of its body: no value gets on the stack without two of them, but for results
   */
  void end(int function, long locals, int bytes) {
    long results = 0;
    for (int i = starts[function]; i < calls; i++) {
      int callee = callees[i];
      int type = callee < functions.length ? functions[callee] : callee - functions.length;
      results += types.get(type).results().length();
    }
    frames[function] = FRAME + VALUE * (locals + results) + (long) VALUE / 2 * bytes;
    starts[function + 1] = calls;
  }

  void call(int function) {
    add(function);
  }

  void callOfType(int type) {
    add(functions.length + type);
  }

  void reference(int function) {
    referenced.set(function);
  }

  private void add(int callee) {
    if (calls == MAX_CALLS) {
      complete = false;
      return;
    }
    if (calls == callees.length) {
      callees = Arrays.copyOf(callees, calls * 2);
    }
    callees[calls++] = callee;
  }

  /** Call it after the last function. */
  StackNeed need() {
    if (!complete) {
      return StackNeed.UNKNOWN;
    }
    var depths = new Depths();
    depths.sort();
    int bytes = 0;
    var shallow = new HashSet<Integer>();
    for (int i = 0; i < imports; i++) {
      if (depths.callers[i] == 0 && depths.bytes[i] <= StackNeed.MAX_BYTES) {
        shallow.add(i);
        bytes = Math.max(bytes, (int) depths.bytes[i]);
      }
    }
    return shallow.isEmpty() ? StackNeed.UNKNOWN : new StackNeed(bytes, shallow);
  }

  /**
   * Nodes are the functions, and behind them the types of calls through tables: of several that are
   * equal, the first.
   */
  private final class Depths {
    /** The first type that equals each. */
    private final int[] equal = new int[types.size()];

    /** That have not been taken away. */
    private final int[] callers = new int[functions.length + types.size()];

    /** Of the stack up to and with its own frame. */
    private final long[] bytes = new long[callers.length];

    private final ArrayDeque<Integer> uncalled = new ArrayDeque<>();

    /** What tables may hold, by type. */
    private final Map<Integer, BitSet> held = new HashMap<>();

    Depths() {
      var first = new HashMap<ModuleLayout.Type, Integer>();
      for (int type = 0; type < equal.length; type++) {
        var before = first.putIfAbsent(types.get(type), type);
        equal[type] = before == null ? type : before;
      }
      referenced.stream()
          .forEach(function ->
              held.computeIfAbsent(equal[functions[function]], type -> new BitSet()).set(function));
      for (int node = 0; node < callers.length; node++) {
        callees(node).forEach(callee -> callers[callee]++);
      }
    }

    private IntStream callees(int node) {
      if (node < functions.length) {
        return Arrays.stream(callees, starts[node], starts[node + 1]).map(this::first);
      }
      // Nothing calls a type by another name than that of the first.
      var functionsOfType = held.get(node - functions.length);
      return functionsOfType == null ? IntStream.empty() : functionsOfType.stream();
    }

    private int first(int callee) {
      return callee < functions.length
          ? callee
          : functions.length + equal[callee - functions.length];
    }

    /** Its own, and of a type that of the compiled code which finds the function in the table. */
    private long frame(int node) {
      return node < functions.length
          ? frames[node]
          : FRAME + (long) VALUE * types.get(node - functions.length).parameters().length();
    }

    void sort() {
      for (int node = 0; node < callers.length; node++) {
        if (callers[node] == 0) {
          uncalled.add(node);
        }
      }
      while (!uncalled.isEmpty()) {
        int node = uncalled.remove();
        bytes[node] += frame(node);
        callees(node)
            .forEach(callee -> {
              bytes[callee] = Math.max(bytes[callee], bytes[node]);
              if (--callers[callee] == 0) {
                uncalled.add(callee);
              }
            });
      }
    }
  }
}
