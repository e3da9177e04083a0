package dev.heddle.engine.wasm;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Writes modules, good ones and bad ones: section by section, so that a test can also add what no
 * compiler would. Functions are numbered in the order in which they are added; imports first.
 */
final class ModuleBuilder {
  private final Map<Integer, ByteArrayOutputStream> sections = new LinkedHashMap<>();
  private final Map<Integer, Integer> counts = new LinkedHashMap<>();
  private final List<String> types = new ArrayList<>();
  private int functions;

  /** A module with one page of memory, an allocator and whatever is added. */
  static ModuleBuilder handler() {
    return scatter(1);
  }

  /** As {@link #handler}, before any function: imports may follow. */
  static ModuleBuilder empty(int pages) {
    return new ModuleBuilder().memory(pages, 32_767).exportMemory();
  }

  private static ModuleBuilder scatter(int pages) {
    return empty(pages).alloc();
  }

  ModuleBuilder entry(int section, byte[] bytes) {
    sections.computeIfAbsent(section, id -> new ByteArrayOutputStream()).writeBytes(bytes);
    counts.merge(section, 1, Integer::sum);
    return this;
  }

  int type(String parameters, String results) {
    var form = parameters + ">" + results;
    if (!types.contains(form)) {
      types.add(form);
      entry(1, new Code().op(0x60).values(parameters).values(results).bytes());
    }
    return types.indexOf(form);
  }

  /** Another type that equals one that is there. */
  int sameType(String parameters, String results) {
    type(parameters, results);
    types.add("again " + types.size());
    entry(1, new Code().op(0x60).values(parameters).values(results).bytes());
    return types.size() - 1;
  }

  /** Adds an import; its function index. */
  int imported(String module, String name, String parameters, String results) {
    int type = type(parameters, results);
    entry(2, new Code().name(module).name(name).op(0).u32(type).bytes());
    return functions++;
  }

  /** Adds a function without its own locals; its index. */
  int function(String parameters, String results, Code code) {
    return function(parameters, results, "", code);
  }

  int function(String parameters, String results, String locals, Code code) {
    entry(3, new Code().u32(type(parameters, results)).bytes());
    var body = new Code();
    body.u32(locals.length());
    for (int i = 0; i < locals.length(); i++) {
      char local = locals.charAt(i);
      body.u32(1).value(local);
    }
    body.raw(code.bytes()).op(0x0B);
    entry(10, new Code().u32(body.bytes().length).raw(body.bytes()).bytes());
    return functions++;
  }

  ModuleBuilder export(String name, int function) {
    return entry(7, new Code().name(name).op(0).u32(function).bytes());
  }

  ModuleBuilder memory(int pages, int max) {
    return entry(5, new Code().op(1).u32(pages).u32(max).bytes());
  }

  ModuleBuilder exportMemory() {
    return entry(7, new Code().name("memory").op(2).u32(0).bytes());
  }

  ModuleBuilder table(int min, int max) {
    return entry(4, new Code().op(0x70).op(1).u32(min).u32(max).bytes());
  }

  ModuleBuilder elements(int offset, int... indexes) {
    var code = new Code().u32(0).i32(offset).op(0x0B).u32(indexes.length);
    for (int index : indexes) {
      code.u32(index);
    }
    return entry(9, code.bytes());
  }

  ModuleBuilder data(int offset, byte[] bytes) {
    return entry(11, new Code().u32(0).i32(offset).op(0x0B).u32(bytes.length).raw(bytes).bytes());
  }

  ModuleBuilder passiveData(byte[] bytes) {
    return entry(11, new Code().u32(1).u32(bytes.length).raw(bytes).bytes());
  }

  /** A mutable global of type i32. */
  ModuleBuilder global(int value) {
    return entry(6, new Code().value('i').op(1).i32(value).op(0x0B).bytes());
  }

  ModuleBuilder start(int function) {
    sections.put(8, new ByteArrayOutputStream());
    sections.get(8).writeBytes(new Code().u32(function).bytes());
    return this;
  }

  /** Adds a bump allocator over global 0. */
  ModuleBuilder alloc() {
    global(1024);
    int index =
        function(
            "i", "i", new Code().op(0x23).u32(0).op(0x23).u32(0).get(0).op(0x6A).op(0x24).u32(0));
    return export("heddle_alloc", index);
  }

  /** Adds and exports a handler with this body. */
  ModuleBuilder handle(Code code) {
    return handle("", code);
  }

  ModuleBuilder handle(String locals, Code code) {
    return export("heddle_handle", function("ii", "l", locals, code));
  }

  /** A handler that replies with its event. */
  static byte[] echo() {
    return handler().handle(Code.packed(0, 1)).build();
  }

  byte[] build() {
    var out = new Code().raw(new byte[] {0, 'a', 's', 'm', 1, 0, 0, 0});
    for (int id : new int[] {1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 10, 11}) {
      var content = sections.get(id);
      if (content == null) {
        if (id == 12 && sections.containsKey(11)) {
          out.section(12, new Code().u32(counts.getOrDefault(11, 0)).bytes());
        }
        continue;
      }
      var section = new Code();
      if (id != 8) {
        section.u32(counts.getOrDefault(id, 0));
      }
      out.section(id, section.raw(content.toByteArray()).bytes());
    }
    return out.bytes();
  }

  /** Bytes of code, and of everything else that is written likewise. */
  static final class Code {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();

    Code op(int... bytes) {
      for (int each : bytes) {
        out.write(each);
      }
      return this;
    }

    Code raw(byte[] bytes) {
      out.writeBytes(bytes);
      return this;
    }

    Code u32(long value) {
      long rest = value & 0xFFFF_FFFFL;
      while (rest > 0x7F) {
        out.write((int) ((rest & 0x7F) | 0x80));
        rest >>>= 7;
      }
      out.write((int) rest);
      return this;
    }

    private Code signed(long value) {
      long rest = value;
      while (rest < -64 || rest > 63) {
        out.write((int) ((rest & 0x7F) | 0x80));
        rest >>= 7;
      }
      out.write((int) (rest & 0x7F));
      return this;
    }

    Code name(String name) {
      var bytes = name.getBytes(StandardCharsets.UTF_8);
      return u32(bytes.length).raw(bytes);
    }

    Code value(char letter) {
      return op(
          switch (letter) {
            case 'i' -> 0x7F;
            case 'l' -> 0x7E;
            case 'f' -> 0x7D;
            default -> 0x7C;
          });
    }

    Code values(String letters) {
      u32(letters.length());
      letters.chars().forEach(letter -> value((char) letter));
      return this;
    }

    Code section(int id, byte[] content) {
      return op(id).u32(content.length).raw(content);
    }

    Code i32(int value) {
      return op(0x41).signed(value);
    }

    Code i64(long value) {
      return op(0x42).signed(value);
    }

    Code f32(float value) {
      return op(0x43).raw(little(Float.floatToRawIntBits(value), 4));
    }

    Code f64(double value) {
      return op(0x44).raw(little(Double.doubleToRawLongBits(value), 8));
    }

    private static byte[] little(long bits, int bytes) {
      var raw = new byte[bytes];
      for (int i = 0; i < bytes; i++) {
        raw[i] = (byte) (bits >>> (8 * i));
      }
      return raw;
    }

    Code get(int local) {
      return op(0x20).u32(local);
    }

    Code set(int local) {
      return op(0x21).u32(local);
    }

    Code call(int function) {
      return op(0x10).u32(function);
    }

    Code drop() {
      return op(0x1A);
    }

    /** Calls what the table holds at an index that is on the stack. */
    Code callIndirect(int type) {
      return op(0x11).u32(type).u32(0);
    }

    /** A load or store without an offset. */
    Code memory(int opcode) {
      return op(opcode).u32(0).u32(0);
    }

    /** Runs for ever. */
    Code forever() {
      return op(0x03, 0x40).op(0x0C).u32(0).op(0x0B);
    }

    /** A reply: pointer and length from two locals. */
    static Code packed(int pointer, int length) {
      return new Code().locals(pointer, length);
    }

    Code locals(int pointer, int length) {
      return get(pointer).op(0xAD).i64(32).op(0x86).get(length).op(0xAD).op(0x84);
    }

    /** A reply of fixed pointer and length. */
    Code reply(long pointer, long length) {
      return i64(pointer << 32 | length);
    }

    byte[] bytes() {
      return out.toByteArray();
    }
  }
}
