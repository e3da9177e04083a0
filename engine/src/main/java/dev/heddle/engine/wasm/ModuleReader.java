package dev.heddle.engine.wasm;

import static dev.heddle.engine.wasm.ModuleBytes.refuse;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Reads a module within limits, before a parser that has none sees it. One instance reads one
 * module.
 */
final class ModuleReader {
  static final String VALUES = "i32, i64, f32, f64, funcref or externref";

  private static final byte[] HEADER = {0, 'a', 's', 'm', 1, 0, 0, 0};
  private static final int CUSTOM = 0;
  private static final int DATA_COUNT = 12;

  /** Sections in the order in which they must stand. */
  private static final List<Integer> ORDER = List.of(1, 2, 3, 4, 5, 6, 7, 8, 9, DATA_COUNT, 10, 11);

  private static final int FUNCREF = 0x70;
  private static final int MAX_TABLES = 8;
  private static final int MAX_PARAMETERS = 100;
  private static final int MAX_RESULTS = 16;
  private static final int PAGE = 1 << 16;

  private final byte[] module;
  private final WasmLimits limits;
  private final boolean withCode;

  private final List<ModuleLayout.Type> types = new ArrayList<>();
  private final List<ModuleLayout.Import> imports = new ArrayList<>();
  private final List<Integer> functions = new ArrayList<>();
  private final Map<String, Integer> exports = new LinkedHashMap<>();
  private final List<int[]> tables = new ArrayList<>();
  private final List<Integer> maxTables = new ArrayList<>();
  private final List<ModuleLayout.Data> data = new ArrayList<>();
  private final ShellWriter shell = new ShellWriter();
  private int memoryPages = -1;
  private int maxMemoryPages;
  private boolean memoryExported;
  private int bodies;
  private int globals;

  /** Functions of which tables may come to hold references. */
  private final BitSet referenced = new BitSet();

  private StackNeed stack = StackNeed.UNKNOWN;

  private ModuleReader(byte[] module, WasmLimits limits, boolean withCode) {
    this.module = module;
    this.limits = limits;
    this.withCode = withCode;
  }

  /**
   * Reads a module that nobody has looked at yet.
   *
   * @throws dev.heddle.process.HeddleException INVALID_FUNCTION
   */
  static ModuleLayout check(byte[] module, WasmLimits limits) {
    return new ModuleReader(module, limits, true).read();
  }

  /** As {@link #check} for a module that was checked: steps over the code. */
  static ModuleLayout layout(byte[] module, WasmLimits limits) {
    return new ModuleReader(module, limits, false).read();
  }

  /** A value type's letter; 0 for an unknown one. */
  static char letter(int type) {
    return switch (type) {
      case 0x7F -> 'i';
      case 0x7E -> 'l';
      case 0x7D -> 'f';
      case 0x7C -> 'd';
      case FUNCREF -> 'r';
      case 0x6F -> 'e';
      default -> 0;
    };
  }

  private ModuleLayout read() {
    if (module.length > limits.maxModule().bytes()) {
      throw refuse("size", module.length + " bytes", "at most " + limits.maxModule());
    }
    if (module.length < HEADER.length || !Arrays.equals(module, 0, 8, HEADER, 0, 8)) {
      throw refuse("header", "not WebAssembly", "\\0asm, version 1");
    }
    var in = new ModuleBytes(module, HEADER.length, module.length);
    int last = -1;
    while (in.hasMore()) {
      int id = in.u8();
      int start = in.position();
      var section = in.part("section " + id, in.u32());
      if (id == CUSTOM) {
        section.name();
        continue;
      }
      int place = ORDER.indexOf(id);
      if (place <= last) {
        throw refuse("section", id, place < 0 ? "1..12" : "each once, in order");
      }
      last = place;
      section(id, section, start);
      section.expectEnd("section " + id);
    }
    return layout();
  }

  private ModuleLayout layout() {
    if (memoryPages < 0 || !memoryExported) {
      throw refuse(
          "memory", memoryPages < 0 ? "none" : "not exported", "one memory, exported as memory");
    }
    if (bodies != functions.size() - imports.size()) {
      throw refuse("functions", bodies + " bodies", functions.size() - imports.size());
    }
    return new ModuleLayout(
        List.copyOf(types),
        List.copyOf(imports),
        functions.stream().mapToInt(Integer::intValue).toArray(),
        Map.copyOf(exports),
        memoryPages,
        maxMemoryPages,
        List.copyOf(tables),
        maxTables.stream().mapToInt(Integer::intValue).toArray(),
        List.copyOf(data),
        shell.toBytes(),
        stack);
  }

  private void section(int id, ModuleBytes in, int start) {
    switch (id) {
      case 1 -> types(in);
      case 2 -> imports(in);
      case 3 -> functions(in);
      case 4 -> tables(in);
      case 5 -> memory(in);
      case 6 -> globals(in);
      case 7 -> exports(in);
      case 8 -> in.count("start function", functions.size() - 1);
      case 9 -> new SegmentReader(limits, shell).elements(in, tables, functions.size(), referenced);
      case 10 -> code(in);
      case 11 -> new SegmentReader(limits, shell).data(in, data, memoryPages);
      default -> in.count("data count", limits.maxSegments());
    }
    if ((id != 7 && id < 9) || id == DATA_COUNT) {
      shell.section(id, module, start, in.position());
    }
  }

  private void types(ModuleBytes in) {
    int count = in.count("types", limits.maxTypes());
    for (int i = 0; i < count; i++) {
      int form = in.u8();
      if (form != 0x60) {
        throw refuse("type " + i, "form 0x" + Integer.toHexString(form), "a function's type");
      }
      types.add(
          new ModuleLayout.Type(
              values("parameters", MAX_PARAMETERS, in), values("results", MAX_RESULTS, in)));
    }
  }

  private static String values(String what, int max, ModuleBytes in) {
    int count = in.count(what, max);
    var letters = new StringBuilder(count);
    for (int i = 0; i < count; i++) {
      int type = in.u8();
      if (letter(type) == 0) {
        throw refuse(what, "type 0x" + Integer.toHexString(type), VALUES);
      }
      letters.append(letter(type));
    }
    return letters.toString();
  }

  private void imports(ModuleBytes in) {
    int count = in.count("imports", 256);
    for (int i = 0; i < count; i++) {
      var from = in.name();
      var name = in.name();
      int kind = in.u8();
      if (kind != 0) {
        throw refuse("import " + from + "." + name, "not a function", "functions only");
      }
      int type = in.count("type index", types.size() - 1);
      imports.add(new ModuleLayout.Import(from, name, types.get(type)));
      functions.add(type);
    }
  }

  private void functions(ModuleBytes in) {
    int count = in.count("functions", limits.maxFunctions() - functions.size());
    for (int i = 0; i < count; i++) {
      functions.add(in.count("type index", types.size() - 1));
    }
  }

  private void tables(ModuleBytes in) {
    int count = in.count("tables", MAX_TABLES);
    for (int i = 0; i < count; i++) {
      int type = in.u8();
      if (type != FUNCREF) {
        throw refuse("table " + i, "of type 0x" + Integer.toHexString(type), "of functions");
      }
      int flags = in.count("limits of table " + i, 1);
      int min = in.count("entries of table " + i, limits.maxTableEntries());
      long max = flags == 1 ? in.u32() : limits.maxTableEntries();
      if (max < min) {
        throw refuse("table " + i, "at most " + max + ", at least " + min, "min <= max");
      }
      var entries = new int[min];
      Arrays.fill(entries, GuestTable.NONE);
      tables.add(entries);
      maxTables.add((int) Math.min(max, limits.maxTableEntries()));
    }
  }

  private void memory(ModuleBytes in) {
    in.count("memories", 1);
    int flags = in.u8();
    if (flags > 1) {
      throw refuse("memory", "shared or of 64 bits", "neither");
    }
    int most = (int) (limits.maxMemory().bytes() / PAGE);
    memoryPages = in.count("memory pages", most);
    maxMemoryPages = flags == 1 ? (int) Math.min(in.u32(), most) : most;
    if (maxMemoryPages < memoryPages) {
      throw refuse("memory", memoryPages + " pages", "at most its maximum, " + maxMemoryPages);
    }
  }

  private void globals(ModuleBytes in) {
    globals = in.count("globals", limits.maxGlobals());
    for (int i = 0; i < globals; i++) {
      int type = in.u8();
      if (letter(type) == 0) {
        throw refuse("global " + i, "type 0x" + Integer.toHexString(type), VALUES);
      }
      in.count("mutability of global " + i, 1);
      SegmentReader.constant(in, functions.size(), referenced);
    }
  }

  private void exports(ModuleBytes in) {
    int count = in.count("exports", limits.maxExports());
    for (int i = 0; i < count; i++) {
      var name = in.name();
      int kind = in.count("kind of export " + name, 3);
      int index = in.count("index of export " + name, Integer.MAX_VALUE);
      if (kind == 0) {
        if (index >= functions.size()) {
          throw refuse("export " + name, "function " + index, "below " + functions.size());
        }
        if (exports.put(name, index) != null) {
          throw refuse("export " + name, "twice", "once");
        }
      }
      memoryExported |= kind == 2 && index == 0 && name.equals("memory");
    }
  }

  private void code(ModuleBytes in) {
    bodies = in.count("bodies", functions.size() - imports.size());
    var all = functions.stream().mapToInt(Integer::intValue).toArray();
    var graph = new CallGraph(types, all, imports.size(), referenced);
    var scan = new CodeScan(limits, types.size(), functions.size(), graph);
    for (int i = 0; i < bodies; i++) {
      int function = imports.size() + i;
      var body = in.part("function " + function, in.u32());
      if (withCode) {
        int parameters = types.get(functions.get(function)).parameters().length();
        scan.scan(function, parameters, body);
      }
    }
    if (withCode && bodies == functions.size() - imports.size()) {
      stack = graph.need();
    }
    shell.code(bodies);
  }
}
