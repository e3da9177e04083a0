package dev.heddle.loadtest.invoke;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;

/**
 * A WebAssembly module that computes where its event has more than two bytes, until it is stopped,
 * and replies to others with the event; an instance writes one page of 64 KiB.
 */
final class HoldModule {
  private static final int PAGES = 2;

  private final ByteArrayOutputStream out = new ByteArrayOutputStream();

  private HoldModule() {}

  static byte[] bytes() {
    return new HoldModule().write();
  }

  private byte[] write() {
    put(0, 'a', 's', 'm', 1, 0, 0, 0);
    // Types: (i32, i32) -> i64, (i32) -> i32.
    section(1, bytes(2, 0x60, 2, 0x7F, 0x7F, 1, 0x7E, 0x60, 1, 0x7F, 1, 0x7F));
    section(3, bytes(2, 1, 0));
    section(5, bytes(1, 0, PAGES));
    section(7, exports());
    section(10, code());
    return out.toByteArray();
  }

  private static byte[] exports() {
    var to = new ByteArrayOutputStream();
    to.write(3);
    export(to, "memory", 2, 0);
    export(to, "heddle_alloc", 0, 0);
    export(to, "heddle_handle", 0, 1);
    return to.toByteArray();
  }

  private static void export(ByteArrayOutputStream to, String name, int kind, int index) {
    to.write(name.length());
    to.writeBytes(name.getBytes(StandardCharsets.UTF_8));
    to.write(kind);
    to.write(index);
  }

  private static byte[] code() {
    var to = new ByteArrayOutputStream();
    to.write(2);
    // The allocator: always at 16.
    body(to, bytes(0, 0x41, 16, 0x0B));
    // loop: if length > 2, again; then (address << 32) | length.
    body(
        to,
        bytes(
            0, 0x03, 0x40, 0x20, 1, 0x41, 2, 0x4A, 0x0D, 0, 0x0B, 0x20, 0, 0xAD, 0x42, 32, 0x86,
            0x20, 1, 0xAD, 0x84, 0x0B));
    return to.toByteArray();
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
