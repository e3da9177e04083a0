package dev.heddle.engine.wasm;

import static dev.heddle.engine.wasm.ModuleBytes.refuse;

import java.util.BitSet;
import java.util.List;

/**
 * Reads data and element segments. Active ones, which a module copies at its start, go into images
 * that all instances share; the shell keeps an empty segment in their place.
 */
final class SegmentReader {
  private static final int ACTIVE = 0;
  private static final int PASSIVE = 1;
  private static final int ACTIVE_WITH_INDEX = 2;
  private static final int WITH_EXPRESSIONS = 4;
  private static final int MAX_CONSTANT = 16;

  private final WasmLimits limits;
  private final ShellWriter shell;

  SegmentReader(WasmLimits limits, ShellWriter shell) {
    this.limits = limits;
    this.shell = shell;
  }

  /**
   * Steps over a constant expression; whether it is valid is the parser's business.
   *
   * @param referenced gets the functions that it refers to
   */
  static void constant(ModuleBytes in, int functions, BitSet referenced) {
    for (int i = 0; i < MAX_CONSTANT; i++) {
      int opcode = in.u8();
      switch (opcode) {
        case 0x0B -> {
          return;
        }
        case 0x23 -> in.u32();
        case 0xD2 -> referenced.set(in.count("function of a constant", functions - 1));
        case 0x41 -> in.signed(32);
        case 0x42 -> in.signed(64);
        case 0x43 -> in.skip(4);
        case 0x44 -> in.skip(8);
        case 0x6A, 0x6B, 0x6C, 0x7C, 0x7D, 0x7E -> {}
        case 0xD0 -> in.u8();
        default ->
            throw refuse("constant", "instruction 0x" + Integer.toHexString(opcode), "a constant");
      }
    }
    throw refuse("constant", "more than " + MAX_CONSTANT + " instructions", "fewer");
  }

  /** An {@code i32.const} as an unsigned number: with no imported globals there is no other. */
  private static long offset(String what, ModuleBytes in) {
    if (in.u8() != 0x41) {
      throw refuse(what, "a computed offset", "i32.const");
    }
    long offset = in.signed(32) & 0xFFFF_FFFFL;
    if (in.u8() != 0x0B) {
      throw refuse(what, "a computed offset", "i32.const");
    }
    return offset;
  }

  void data(ModuleBytes in, List<ModuleLayout.Data> into, int memoryPages) {
    int count = in.count("data segments", limits.maxSegments());
    shell.begin(11, count);
    for (int i = 0; i < count; i++) {
      var what = "data segment " + i;
      int start = in.position();
      int form = in.count("form of " + what, ACTIVE_WITH_INDEX);
      if (form == PASSIVE) {
        in.skip(in.count(what, Integer.MAX_VALUE));
        shell.add(in.since(start));
        continue;
      }
      if (form == ACTIVE_WITH_INDEX) {
        in.count("memory of " + what, 0);
      }
      long address = offset(what, in);
      var bytes = in.take(in.count(what, Integer.MAX_VALUE));
      if (address + bytes.length > (long) Math.max(0, memoryPages) << 16) {
        throw refuse(what, bytes.length + " bytes at " + address, "within the initial memory");
      }
      into.add(new ModuleLayout.Data((int) address, bytes));
      shell.emptySegment();
    }
    shell.end();
  }

  /**
   * @param referenced gets the functions that segments hold
   */
  void elements(ModuleBytes in, List<int[]> tables, int functions, BitSet referenced) {
    int count = in.count("element segments", limits.maxSegments());
    shell.begin(9, count);
    for (int i = 0; i < count; i++) {
      var what = "element segment " + i;
      int start = in.position();
      int form = in.count("form of " + what, 7);
      boolean active = (form & 1) == ACTIVE;
      int[] table = {};
      long offset = 0;
      if (active) {
        int index = (form & 2) != 0 ? in.count("table of " + what, tables.size() - 1) : 0;
        if (tables.isEmpty()) {
          throw refuse(what, "for a table", "a table");
        }
        table = tables.get(index);
        offset = offset(what, in);
      }
      if ((form & 3) != 0) {
        kind(what, form, in);
      }
      entries(what, form, in, active, table, offset, functions, referenced);
      if (active) {
        shell.emptySegment();
      } else {
        shell.add(in.since(start));
      }
    }
    shell.end();
  }

  private static void kind(String what, int form, ModuleBytes in) {
    int expected = (form & WITH_EXPRESSIONS) != 0 ? 0x70 : 0;
    int kind = in.u8();
    if (kind != expected) {
      throw refuse(what, "of kind 0x" + Integer.toHexString(kind), "functions");
    }
  }

  private void entries(
      String what,
      int form,
      ModuleBytes in,
      boolean active,
      int[] table,
      long offset,
      int functions,
      BitSet referenced) {
    int count = in.count("entries of " + what, limits.maxTableEntries());
    if (active && offset + count > table.length) {
      throw refuse(what, count + " entries at " + offset, "within " + table.length);
    }
    for (int i = 0; i < count; i++) {
      int function =
          (form & WITH_EXPRESSIONS) != 0
              ? reference(what, in, functions)
              : in.count("function of " + what, functions - 1);
      if (function != GuestTable.NONE) {
        referenced.set(function);
      }
      if (active) {
        table[(int) offset + i] = function;
      }
    }
  }

  private static int reference(String what, ModuleBytes in, int functions) {
    int opcode = in.u8();
    int function =
        switch (opcode) {
          case 0xD2 -> in.count("function of " + what, functions - 1);
          case 0xD0 -> {
            in.u8();
            yield GuestTable.NONE;
          }
          default -> throw refuse(what, "a computed entry", "ref.func or ref.null");
        };
    if (in.u8() != 0x0B) {
      throw refuse(what, "a computed entry", "ref.func or ref.null");
    }
    return function;
  }
}
