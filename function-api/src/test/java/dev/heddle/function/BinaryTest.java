package dev.heddle.function;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import org.junit.jupiter.api.Test;

final class BinaryTest {
  private static final long[] NUMBERS = {
    0, 1, 127, 128, 300, Integer.MAX_VALUE, Long.MAX_VALUE, -1, -128, Long.MIN_VALUE
  };

  private static DataInputStream input(byte... bytes) {
    return new DataInputStream(new ByteArrayInputStream(bytes));
  }

  @Test
  void readsNumbersThatItWrote() throws IOException {
    var bytes = new ByteArrayOutputStream();
    var out = new DataOutputStream(bytes);
    for (long number : NUMBERS) {
      Binary.writeUnsigned(number, out);
      Binary.writeSigned(number, out);
    }
    var in = input(bytes.toByteArray());
    for (long number : NUMBERS) {
      assertEquals(number, Binary.readUnsigned(in));
      assertEquals(number, Binary.readSigned(in));
    }
  }

  @Test
  void readsLongBytesInChunks() throws IOException {
    var content = new byte[100_000];
    content[99_999] = 7;
    var bytes = new ByteArrayOutputStream();
    Binary.writeBytes(content, new DataOutputStream(bytes));
    assertArrayEquals(content, Binary.readBytes(input(bytes.toByteArray()), content.length));
  }

  @Test
  void refusesNumbersOfMoreThan64BitsAndCountsBeyondTheBound() {
    byte[] endless = {-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1};
    assertThrows(IOException.class, () -> Binary.readUnsigned(input(endless)));
    assertThrows(IOException.class, () -> Binary.readCount(input((byte) 11), 10));
    assertThrows(IOException.class, () -> Binary.readString(input((byte) 9, (byte) 'a'), 10));
  }

  @Test
  void comparesTextByCodePoints() {
    var beyond = new String(Character.toChars(0x1F9F5));
    assertEquals(1, Integer.signum(Sort.compareText(beyond, "\uFFFD")));
    assertEquals(-1, Integer.signum(Sort.compareText("a", "ab")));
    assertEquals(0, Sort.compareText("weft", "weft"));
    assertEquals(-1, Integer.signum(Sort.compareText("weft", "xyz")));
  }
}
