package dev.heddle.engine.wasm;

import java.io.ByteArrayOutputStream;

/**
 * Writes a module's shell: its declarations, with a body of one instruction for each function and
 * empty segments. Section by section; not thread-safe.
 */
final class ShellWriter {
  private static final byte[] HEADER = {0, 'a', 's', 'm', 1, 0, 0, 0};

  /** No locals, unreachable, end. */
  private static final byte[] BODY = {3, 0, 0, 0x0B};

  /** Active, at 0, without content; the same bytes for data and for elements. */
  private static final byte[] EMPTY_SEGMENT = {0, 0x41, 0, 0x0B, 0};

  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final ByteArrayOutputStream section = new ByteArrayOutputStream();
  private int id;

  ShellWriter() {
    out.writeBytes(HEADER);
  }

  /** Copies a section; its bytes start with its size. */
  void section(int id, byte[] module, int from, int to) {
    out.write(id);
    out.write(module, from, to - from);
  }

  void begin(int id, int count) {
    this.id = id;
    section.reset();
    unsigned(section, count);
  }

  void add(byte[] bytes) {
    section.writeBytes(bytes);
  }

  void emptySegment() {
    section.writeBytes(EMPTY_SEGMENT);
  }

  void end() {
    out.write(id);
    unsigned(out, section.size());
    out.writeBytes(section.toByteArray());
  }

  void code(int functions) {
    begin(10, functions);
    for (int i = 0; i < functions; i++) {
      section.writeBytes(BODY);
    }
    end();
  }

  byte[] toBytes() {
    return out.toByteArray();
  }

  private static void unsigned(ByteArrayOutputStream to, int value) {
    int rest = value;
    while ((rest & ~0x7F) != 0) {
      to.write((rest & 0x7F) | 0x80);
      rest >>>= 7;
    }
    to.write(rest);
  }
}
