package dev.heddle.engine.wasm;

import java.util.List;
import java.util.Map;

/**
 * What a module declares, besides the code of its functions.
 *
 * @param types of functions, by index
 * @param imports in the order of their indexes
 * @param functions type of each function, by index, imports included
 * @param exports functions by name
 * @param memoryPages at the start, of 64 KiB
 * @param maxMemoryPages as the module wants it
 * @param tables function indexes that each table holds at the start, -1 for none
 * @param maxTables entries to which each may grow
 * @param data what memory holds at the start
 * @param shell the module without code, data and elements: enough for instances of compiled code
 * @param stack known only where the code was read
 */
record ModuleLayout(
    List<Type> types,
    List<Import> imports,
    int[] functions,
    Map<String, Integer> exports,
    int memoryPages,
    int maxMemoryPages,
    List<int[]> tables,
    int[] maxTables,
    List<Data> data,
    byte[] shell,
    StackNeed stack) {

  /**
   * A function's type.
   *
   * @param parameters one character each: i, l, f, d for i32, i64, f32, f64; r, e for references
   * @param results likewise
   */
  record Type(String parameters, String results) {
    @Override
    public String toString() {
      return "(" + parameters + ")" + results;
    }
  }

  /** A function that the module wants from its host. */
  record Import(String module, String name, Type type) {
    @Override
    public String toString() {
      return module + "." + name + type;
    }
  }

  /** Bytes at an address; within the memory at the start. */
  record Data(int address, byte[] bytes) {}

  Type typeOf(int function) {
    return types.get(functions[function]);
  }
}
