package dev.heddle.engine.wasm;

import dev.heddle.catalog.FunctionKind;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * What a module must export, by function index; -1 for what it does not have to.
 *
 * @param kind what its exports make it
 * @param init run once in each fresh instance
 */
record GuestExports(
    FunctionKind kind,
    OptionalInt init,
    int alloc,
    int handle,
    int prepare,
    int leaf,
    int merge,
    int complete,
    int finish,
    int laws,
    int collect) {
  static final String ALLOC = "heddle_alloc";
  static final String HANDLE = "heddle_handle";
  static final String LEAF = "heddle_leaf";

  /** Types of the exports, as {@link ModuleLayout.Type} writes them. */
  private static final Map<String, String> TYPES =
      Map.ofEntries(
          Map.entry(ALLOC, "(i)i"),
          Map.entry(HANDLE, "(ii)l"),
          Map.entry("heddle_prepare", "(ii)i"),
          Map.entry(LEAF, "(i)l"),
          Map.entry("heddle_merge", "(iiii)l"),
          Map.entry("heddle_complete", "(ii)l"),
          Map.entry("heddle_finish", "(iiii)l"),
          Map.entry("heddle_laws", "()i"),
          Map.entry("heddle_collect", "(ii)"),
          Map.entry("heddle_init", "()"),
          Map.entry("_initialize", "()"));

  /**
   * Finds them and checks their types.
   *
   * @throws dev.heddle.process.HeddleException INVALID_FUNCTION
   */
  static GuestExports of(ModuleLayout layout, Optional<FunctionKind> wanted) {
    boolean handler = layout.exports().containsKey(HANDLE);
    boolean scatter = layout.exports().containsKey(LEAF);
    if (!handler && !scatter) {
      throw ModuleBytes.refuse("exports", "neither handler nor scatter", HANDLE + " or " + LEAF);
    }
    if (handler && scatter && wanted.isEmpty()) {
      throw ModuleBytes.refuse("exports", "both", "kind: handler or kind: scatter in heddle.yaml");
    }
    var kind = wanted.orElse(handler ? FunctionKind.HANDLER : FunctionKind.SCATTER);
    boolean scatters = kind == FunctionKind.SCATTER;
    int initialize = find(layout, "_initialize", false);
    int init = find(layout, "heddle_init", false);
    if (init >= 0 && initialize >= 0) {
      throw ModuleBytes.refuse("exports", "heddle_init and _initialize", "one of them");
    }
    int first = Math.max(init, initialize);
    return new GuestExports(
        kind,
        first < 0 ? OptionalInt.empty() : OptionalInt.of(first),
        find(layout, ALLOC, true),
        find(layout, HANDLE, !scatters),
        find(layout, "heddle_prepare", scatters),
        find(layout, LEAF, scatters),
        find(layout, "heddle_merge", scatters),
        find(layout, "heddle_complete", false),
        find(layout, "heddle_finish", scatters),
        find(layout, "heddle_laws", false),
        find(layout, "heddle_collect", false));
  }

  private static int find(ModuleLayout layout, String name, boolean needed) {
    var function = layout.exports().get(name);
    var expected = TYPES.getOrDefault(name, "");
    if (function == null) {
      if (needed) {
        throw ModuleBytes.refuse("export " + name, "missing", expected);
      }
      return -1;
    }
    var type = layout.typeOf(function).toString();
    if (!type.equals(expected)) {
      throw ModuleBytes.refuse("export " + name, type, expected);
    }
    return function;
  }
}
