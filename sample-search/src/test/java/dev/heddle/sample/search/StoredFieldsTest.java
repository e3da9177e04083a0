package dev.heddle.sample.search;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class StoredFieldsTest {
  private static final int STRING = 0;
  private static final int INT = 1 << 3;
  private static final int LONG = 2 << 3;
  private static final int FLOAT = 3 << 3;
  private static final int DOUBLE = 4 << 3;

  @Test
  void readsEveryTypeInStoredOrder() throws IOException {
    var values = new ArrayList<String>();
    two().read(1, Set.of("a", "b"), (field, value) -> values.add(field + "=" + value));
    assertEquals(List.of("a=größe", "b=7", "b=-8", "b=1.5", "a=2.25"), values);
  }

  @Test
  void skipsFieldsThatNobodyAskedFor() throws IOException {
    var values = new ArrayList<Object>();
    two().read(1, Set.of("b"), (field, value) -> values.add(value));
    assertEquals(List.of(7L, -8L, 1.5), values);
    assertEquals(2, two().size());
  }

  @Test
  void refusesAnotherFormat() {
    var error =
        assertThrows(
            CorpusException.class,
            () -> new StoredFields(new byte[] {1, 0}, new byte[] {0, 0, 0, 9}, new byte[0]));
    assertTrue(
        String.valueOf(error.getMessage()).contains("format 9"),
        String.valueOf(error.getMessage()));
  }

  @Test
  void namesTheDamagedDocument() throws IOException {
    var bytes = data();
    var cut = java.util.Arrays.copyOf(bytes.toByteArray(), bytes.size() - 3);
    var stored = new StoredFields(names(), index(), cut);
    var error =
        assertThrows(
            CorpusException.class, () -> stored.read(1, Set.of("a"), (field, value) -> {}));
    assertTrue(
        String.valueOf(error.getMessage()).contains("document 1"),
        String.valueOf(error.getMessage()));
  }

  private static StoredFields two() throws IOException {
    return new StoredFields(names(), index(), data().toByteArray());
  }

  private static byte[] names() throws IOException {
    var bytes = new ByteArrayOutputStream();
    bytes.write(new byte[] {(byte) 0xfe, (byte) 0xff, (byte) 0xff, (byte) 0xff, 0x0f, 2});
    for (var name : List.of("a", "b")) {
      bytes.write(1);
      bytes.write(name.getBytes(StandardCharsets.UTF_8));
      bytes.write(0);
    }
    return bytes.toByteArray();
  }

  private static byte[] index() throws IOException {
    var bytes = new ByteArrayOutputStream();
    var out = new DataOutputStream(bytes);
    out.writeInt(3);
    out.writeLong(0);
    out.writeLong(1);
    return bytes.toByteArray();
  }

  /** The first document is empty. */
  private static ByteArrayOutputStream data() throws IOException {
    var bytes = new ByteArrayOutputStream();
    var out = new DataOutputStream(bytes);
    out.write(0);
    out.write(5);
    var text = "größe".getBytes(StandardCharsets.UTF_8);
    out.write(new byte[] {0, STRING, (byte) text.length});
    out.write(text);
    out.write(new byte[] {1, INT});
    out.writeInt(7);
    out.write(new byte[] {1, LONG});
    out.writeLong(-8);
    out.write(new byte[] {1, FLOAT});
    out.writeFloat(1.5f);
    out.write(new byte[] {0, DOUBLE});
    out.writeDouble(2.25);
    return bytes;
  }
}
