package dev.heddle.loadtest.invoke;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;

/**
 * A WebAssembly module that replies with its event, and where that has more than two bytes computes
 * until little of its time is left; an instance writes one page of 64 KiB.
 */
final class HoldModule {
  private static final int PAGES = 2;

  private final ByteArrayOutputStream out = new ByteArrayOutputStream();

  private final long leftMicros;

  private HoldModule(long leftMicros) {
    this.leftMicros = leftMicros;
  }

  /**
   * The module.
   *
   * @param left of the time until an invocation's deadline, when it ends
   */
  static byte[] bytes(Duration left) {
    return new HoldModule(left.toNanos() / 1_000).write();
  }

  private byte[] write() {
    put(0, 'a', 's', 'm', 1, 0, 0, 0);
    // Types: (i32, i32) -> i64, (i32) -> i32, () -> i64.
    section(1, bytes(3, 0x60, 2, 0x7F, 0x7F, 1, 0x7E, 0x60, 1, 0x7F, 1, 0x7F, 0x60, 0, 1, 0x7E));
    section(2, imports());
    section(3, bytes(2, 1, 0));
    section(5, bytes(1, 0, PAGES));
    section(7, exports());
    section(10, code());
    return out.toByteArray();
  }

  private static byte[] imports() {
    var to = new ByteArrayOutputStream();
    to.write(1);
    name(to, "heddle");
    name(to, "remaining_micros");
    to.write(0);
    to.write(2);
    return to.toByteArray();
  }

  private static byte[] exports() {
    var to = new ByteArrayOutputStream();
    to.write(3);
    export(to, "memory", 2, 0);
    export(to, "heddle_alloc", 0, 1);
    export(to, "heddle_handle", 0, 2);
    return to.toByteArray();
  }

  private static void name(ByteArrayOutputStream to, String name) {
    to.write(name.length());
    to.writeBytes(name.getBytes(StandardCharsets.UTF_8));
  }

  private static void export(ByteArrayOutputStream to, String name, int kind, int index) {
    name(to, name);
    to.write(kind);
    to.write(index);
  }

  private byte[] code() {
    var to = new ByteArrayOutputStream();
    to.write(2);
    // The allocator: always at 16.
    body(to, bytes(0, 0x41, 16, 0x0B));
    var handle = new ByteArrayOutputStream();
    // loop: if length > 2: if remaining_micros() > left, again.
    handle.writeBytes(bytes(0, 0x03, 0x40, 0x20, 1, 0x41, 2, 0x4A, 0x04, 0x40, 0x10, 0, 0x42));
    signed(handle, leftMicros);
    handle.writeBytes(bytes(0x55, 0x0D, 1, 0x0B, 0x0B));
    // (address << 32) | length
    handle.writeBytes(bytes(0x20, 0, 0xAD, 0x42, 32, 0x86, 0x20, 1, 0xAD, 0x84, 0x0B));
    body(to, handle.toByteArray());
    return to.toByteArray();
  }

  /** Of at least 0. */
  private static void signed(ByteArrayOutputStream to, long value) {
    long rest = value;
    while (rest > 0x3F) {
      to.write((int) (rest & 0x7F) | 0x80);
      rest >>>= 7;
    }
    to.write((int) rest);
  }

  private static void body(ByteArrayOutputStream to, byte[] code) {
    to.write(code.length);
    to.writeBytes(code);
  }

  private void section(int id, byte[] content) {
    put(id, content.length);
    out.writeBytes(content);
  }

  private void put(int... bytes) {
    out.writeBytes(bytes(bytes));
  }

  private static byte[] bytes(int... values) {
    var bytes = new byte[values.length];
    for (int i = 0; i < values.length; i++) {
      bytes[i] = (byte) values[i];
    }
    return bytes;
  }
}
