package dev.heddle.loadtest.wasm;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Random;

/**
 * A handler that echoes its event, within about 1.5 MB of code, tables and data that it hardly
 * uses: as what a language with a runtime of its own compiles to. The same bytes every time.
 */
public final class LargeModule {
  private static final int FUNCTIONS = 2_500;
  private static final int STATEMENTS = 50;
  private static final int PAGES = 17;
  private static final int DATA = 200_000;

  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final Random random;

  private LargeModule(long seed) {
    this.random = new Random(seed);
  }

  static byte[] bytes() {
    return bytes(1);
  }

  /** The same shape with other constants: no code of one seed is that of another. */
  public static byte[] bytes(long seed) {
    return new LargeModule(seed).write();
  }

  private byte[] write() {
    raw(out, 0, 'a', 's', 'm', 1, 0, 0, 0);
    var types = new ByteArrayOutputStream();
    raw(
        types, 3, 0x60, 2, 0x7F, 0x7F, 1, 0x7E, 0x60, 1, 0x7F, 1, 0x7F, 0x60, 2, 0x7F, 0x7F, 1,
        0x7F);
    section(1, types);
    section(3, declarations());
    var table = new ByteArrayOutputStream();
    raw(table, 1, 0x70, 0);
    unsigned(table, FUNCTIONS);
    section(4, table);
    var memory = new ByteArrayOutputStream();
    raw(memory, 1, 0, PAGES);
    section(5, memory);
    section(7, exports());
    section(9, elements());
    section(10, code());
    section(11, data());
    return out.toByteArray();
  }

  private static ByteArrayOutputStream declarations() {
    var to = new ByteArrayOutputStream();
    unsigned(to, FUNCTIONS + 2);
    raw(to, 1, 0);
    for (int i = 0; i < FUNCTIONS; i++) {
      raw(to, 2);
    }
    return to;
  }

  private static ByteArrayOutputStream exports() {
    var to = new ByteArrayOutputStream();
    raw(to, 3);
    export(to, "memory", 2, 0);
    export(to, "heddle_alloc", 0, 0);
    export(to, "heddle_handle", 0, 1);
    return to;
  }

  private static void export(ByteArrayOutputStream to, String name, int kind, int index) {
    unsigned(to, name.length());
    to.writeBytes(name.getBytes(StandardCharsets.UTF_8));
    raw(to, kind, index);
  }

  private static ByteArrayOutputStream elements() {
    var to = new ByteArrayOutputStream();
    raw(to, 1, 0, 0x41, 0, 0x0B);
    unsigned(to, FUNCTIONS);
    for (int i = 0; i < FUNCTIONS; i++) {
      unsigned(to, i + 2);
    }
    return to;
  }

  private ByteArrayOutputStream code() {
    var to = new ByteArrayOutputStream();
    unsigned(to, FUNCTIONS + 2);
    // The allocator: always the same page, behind the data.
    raw(to, 6, 0, 0x41, 0x80, 0x80, 0x3C, 0x0B);
    // It calls one function through the table, and echoes.
    var handle = new ByteArrayOutputStream();
    raw(handle, 0, 0x20, 0, 0x20, 1, 0x20, 1, 0x11, 2, 0, 0x1A);
    raw(handle, 0x20, 0, 0xAD, 0x42, 32, 0x86, 0x20, 1, 0xAD, 0x84, 0x0B);
    unsigned(to, handle.size());
    to.writeBytes(handle.toByteArray());
    for (int i = 0; i < FUNCTIONS; i++) {
      var body = body();
      unsigned(to, body.size());
      to.writeBytes(body.toByteArray());
    }
    return to;
  }

  /** Adds, multiplies and mixes its two parameters with constants. */
  private ByteArrayOutputStream body() {
    int[] operations = {0x6A, 0x6B, 0x6C, 0x71, 0x72, 0x73};
    var to = new ByteArrayOutputStream();
    raw(to, 0);
    for (int i = 0; i < STATEMENTS; i++) {
      raw(to, 0x20, 0, 0x41);
      unsigned(to, random.nextInt(1 << 13));
      raw(to, operations[random.nextInt(operations.length)], 0x20, 1, 0x6A, 0x21, i & 1);
    }
    raw(to, 0x20, 0, 0x0B);
    return to;
  }

  private ByteArrayOutputStream data() {
    var to = new ByteArrayOutputStream();
    raw(to, 1, 0, 0x41, 0, 0x0B);
    unsigned(to, DATA);
    var bytes = new byte[DATA];
    random.nextBytes(bytes);
    to.writeBytes(bytes);
    return to;
  }

  private void section(int id, ByteArrayOutputStream content) {
    out.write(id);
    unsigned(out, content.size());
    out.writeBytes(content.toByteArray());
  }

  private static void raw(ByteArrayOutputStream to, int... bytes) {
    for (int each : bytes) {
      to.write(each);
    }
  }

  private static void unsigned(ByteArrayOutputStream to, int value) {
    int rest = value;
    while (rest > 0x7F) {
      to.write((rest & 0x7F) | 0x80);
      rest >>>= 7;
    }
    to.write(rest);
  }
}
