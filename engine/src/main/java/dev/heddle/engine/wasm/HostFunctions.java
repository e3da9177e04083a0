package dev.heddle.engine.wasm;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import run.endive.runtime.HostFunction;
import run.endive.runtime.ImportFunction;
import run.endive.runtime.ImportValues;
import run.endive.runtime.Instance;
import run.endive.runtime.WasmFunctionHandle;
import run.endive.wasm.types.FunctionType;
import run.endive.wasm.types.ValType;

/**
 * Everything that a module may import, by name: what is not here, it cannot do. All of them check
 * what they are given; the instance that calls is found through its memory.
 */
final class HostFunctions {
  private static final long[] NOTHING = {};
  private static final Map<String, Function> ALL = new HashMap<>();

  static {
    PlatformHost.declare();
    ShardHost.declare();
    ColumnHost.declare();
    WasiHost.declare();
  }

  private HostFunctions() {}

  /** A host function without its name. */
  interface Body {
    /**
     * @param arguments as many as its type says, each in the low bits
     * @return the result, 0 where its type has none
     */
    long run(Guest guest, long[] arguments);
  }

  /**
   * @param deep whether it goes deep into the platform, and needs stack for it
   */
  private record Function(ModuleLayout.Type type, boolean deep, Body body) {
    /**
     * @param shallow whether no recursion leads the module to it
     */
    WasmFunctionHandle handle(boolean shallow) {
      if (!deep) {
        return handle(body);
      }
      return shallow
          ? handle((guest, arguments) -> {
            guest.reserveStack();
            return body.run(guest, arguments);
          })
          : handle((guest, arguments) -> {
            StackReserve.check();
            return body.run(guest, arguments);
          });
    }

    private WasmFunctionHandle handle(Body checked) {
      return type.results().isEmpty()
          ? (instance, arguments) -> {
            checked.run(guest(instance), arguments);
            return NOTHING;
          }
          : (instance, arguments) -> new long[] {checked.run(guest(instance), arguments)};
    }
  }

  /**
   * Adds one of module {@code heddle} that answers from what the instance already holds.
   *
   * @param type as in {@code (ii)l}
   */
  static void light(String name, String type, Body body) {
    declare("heddle", name, type, false, body);
  }

  /** Adds one of module {@code heddle} that goes deep into the platform, and needs stack for it. */
  static void deep(String name, String type, Body body) {
    declare("heddle", name, type, true, body);
  }

  static void declare(String module, String name, String type, boolean deep, Body body) {
    int close = type.indexOf(')');
    var known = new ModuleLayout.Type(type.substring(1, close), type.substring(close + 1));
    ALL.put(module + "." + name, new Function(known, deep, body));
  }

  private static Guest guest(Instance instance) {
    return ((GuestMemory) instance.memory()).guest();
  }

  /**
   * Refuses imports that there are not.
   *
   * @throws dev.heddle.process.HeddleException INVALID_FUNCTION
   */
  static void check(ModuleLayout layout) {
    for (var wanted : layout.imports()) {
      var known = ALL.get(wanted.module() + "." + wanted.name());
      if (known == null) {
        throw ModuleBytes.refuse(
            "import " + wanted.module() + "." + wanted.name(),
            "unknown",
            "a function of module heddle, or one of the few of wasi_snapshot_preview1");
      }
      if (!known.type().equals(wanted.type())) {
        throw ModuleBytes.refuse(
            "import " + wanted.module() + "." + wanted.name(), wanted.type(), known.type());
      }
    }
  }

  /** What the module imports, for its instances. */
  static ImportValues importsOf(ModuleLayout layout, StackNeed stack) {
    var functions = new ImportFunction[layout.imports().size()];
    for (int i = 0; i < functions.length; i++) {
      var wanted = layout.imports().get(i);
      var known =
          Objects.requireNonNull(ALL.get(wanted.module() + "." + wanted.name()), "checked before");
      functions[i] =
          new HostFunction(
              wanted.module(),
              wanted.name(),
              endive(known.type()),
              known.handle(stack.imports().contains(i)));
    }
    return ImportValues.builder().addFunction(functions).build();
  }

  private static FunctionType endive(ModuleLayout.Type type) {
    return FunctionType.of(values(type.parameters()), values(type.results()));
  }

  private static List<ValType> values(String letters) {
    return letters
        .chars()
        .mapToObj(letter ->
            switch (letter) {
              case 'i' -> ValType.I32;
              case 'l' -> ValType.I64;
              case 'f' -> ValType.F32;
              default -> ValType.F64;
            })
        .toList();
  }

  /** Names of all, with their types, sorted. */
  static List<String> names() {
    return ALL.entrySet().stream()
        .map(entry -> entry.getKey() + entry.getValue().type())
        .sorted()
        .toList();
  }
}
