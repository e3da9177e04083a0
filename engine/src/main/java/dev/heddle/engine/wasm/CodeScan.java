package dev.heddle.engine.wasm;

import static dev.heddle.engine.wasm.ModuleBytes.refuse;

/**
 * Reads the body of a function once, from start to end, before anything else does: refuses
 * instructions beyond WebAssembly 2.0 without vectors (threads, exceptions, garbage collection and
 * tail calls bring memory or control flow that no cap reaches), and what is too large or too deep.
 * Types are left to the compiler's validator.
 */
final class CodeScan {
  private static final int MAX_BRANCHES = 20_000;

  private final WasmLimits limits;
  private final int types;
  private final int functions;
  private final CallGraph graph;

  /**
   * @param graph hears of every call
   */
  CodeScan(WasmLimits limits, int types, int functions, CallGraph graph) {
    this.limits = limits;
    this.types = types;
    this.functions = functions;
    this.graph = graph;
  }

  void scan(int function, int parameters, ModuleBytes body) {
    var what = "function " + function;
    if (body.remaining() > limits.maxFunctionBytes()) {
      throw refuse(what, body.remaining() + " bytes", "at most " + limits.maxFunctionBytes());
    }
    int size = body.remaining();
    long locals = locals(what, parameters, body);
    int depth = 1;
    while (depth > 0) {
      int opcode = body.u8();
      switch (opcode) {
        case 0x02, 0x03, 0x04 -> {
          blockType(body);
          if (++depth > limits.maxDepth()) {
            throw refuse(what, "blocks nested " + depth + " deep", "at most " + limits.maxDepth());
          }
        }
        case 0x0B -> depth--;
        default -> operands(what, opcode, body);
      }
    }
    body.expectEnd(what);
    graph.end(function, locals, size);
  }

  private long locals(String what, int parameters, ModuleBytes body) {
    long total = parameters;
    int groups = body.count(what + ": groups of locals", limits.maxLocals());
    for (int i = 0; i < groups; i++) {
      total += body.u32();
      if (total > limits.maxLocals()) {
        throw refuse(what, total + " locals", "at most " + limits.maxLocals());
      }
      valueType(what, body);
    }
    return total;
  }

  private static void valueType(String what, ModuleBytes body) {
    int type = body.u8();
    if (ModuleReader.letter(type) == 0) {
      throw refuse(what, "a value of type 0x" + Integer.toHexString(type), ModuleReader.VALUES);
    }
  }

  private void blockType(ModuleBytes body) {
    long type = body.signed(33);
    boolean known = type >= 0 ? type < types : ModuleReader.letter((int) type & 0x7F) != 0;
    if (!known && type != -64) {
      throw refuse("block", "type " + type, "a known one");
    }
  }

  private void operands(String what, int opcode, ModuleBytes body) {
    switch (opcode) {
      case 0x00, 0x01, 0x05, 0x0F, 0x1A, 0x1B, 0xD1 -> {}
      case 0x0C, 0x0D -> body.count("branch", limits.maxDepth());
      case 0x0E -> {
        int branches = body.count("branches", MAX_BRANCHES);
        for (int i = 0; i <= branches; i++) {
          body.count("branch", limits.maxDepth());
        }
      }
      case 0x10 -> graph.call(body.count("function index", functions - 1));
      case 0xD2 -> graph.reference(body.count("function index", functions - 1));
      case 0x11 -> {
        graph.callOfType(body.count("type index", types - 1));
        body.u32();
      }
      case 0x1C -> {
        int count = body.count("select", 1);
        for (int i = 0; i < count; i++) {
          valueType(what, body);
        }
      }
      case 0x20, 0x21, 0x22 -> body.count("local", limits.maxLocals());
      case 0x23, 0x24 -> body.count("global", limits.maxGlobals());
      case 0x25, 0x26 -> body.u32();
      case 0x3F, 0x40 -> body.count("memory index", 0);
      case 0x41 -> body.signed(32);
      case 0x42 -> body.signed(64);
      case 0x43 -> body.skip(4);
      case 0x44 -> body.skip(8);
      case 0xD0 -> valueType(what, body);
      case 0xFC -> bulk(what, body);
      default -> {
        if (opcode >= 0x28 && opcode <= 0x3E) {
          body.count("alignment", 3);
          body.count("offset", Integer.MAX_VALUE);
        } else if (opcode < 0x45 || opcode > 0xC4) {
          throw unknown(what, "0x" + Integer.toHexString(opcode));
        }
      }
    }
  }

  private static void bulk(String what, ModuleBytes body) {
    long opcode = body.u32();
    switch ((int) opcode) {
      case 0, 1, 2, 3, 4, 5, 6, 7 -> {}
      case 8, 10, 12, 14 -> {
        body.u32();
        body.u32();
      }
      case 9, 11, 13, 15, 16, 17 -> body.u32();
      default -> throw unknown(what, "0xfc " + opcode);
    }
  }

  private static RuntimeException unknown(String what, String opcode) {
    return refuse(
        what,
        "instruction " + opcode,
        "WebAssembly 2.0 without vectors, threads, exceptions, tail calls and garbage collection");
  }
}
