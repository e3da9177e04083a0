package dev.heddle.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.DataOutput;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import org.junit.jupiter.api.Test;

final class ByteSinkTest {
  private static void writeAll(DataOutput out) throws IOException {
    out.write(1);
    out.write(new byte[] {2, 3});
    out.write(new byte[] {4, 5, 6}, 1, 1);
    out.writeBoolean(true);
    out.writeByte(-7);
    out.writeShort(-300);
    out.writeChar('ü');
    out.writeInt(1 << 30);
    out.writeLong(Long.MIN_VALUE + 1);
    out.writeFloat(1.5f);
    out.writeDouble(-2.5);
    out.writeBytes("ab");
    out.writeChars("cd");
    out.writeUTF("eü");
    out.write(new byte[5_000]);
  }

  @Test
  void writesWhatADataOutputStreamWrites() throws IOException {
    var expected = new ByteArrayOutputStream();
    writeAll(new DataOutputStream(expected));
    var sink = new ByteSink(10_000);
    writeAll(sink);
    assertArrayEquals(expected.toByteArray(), sink.toByteArray());
    assertFalse(sink.overflown());
  }

  @Test
  void readsWhatWasWritten() throws IOException {
    var sink = new ByteSink(10_000);
    writeAll(sink);
    var in = new ByteSource(sink.toByteArray());
    assertEquals(1, in.readByte());
    assertEquals(4, in.skipBytes(3) + 1);
    assertTrue(in.readBoolean());
    assertEquals(249, in.readUnsignedByte());
    assertEquals(65236, in.readUnsignedShort());
    assertEquals('ü', in.readChar());
    assertEquals(1 << 30, in.readInt());
    assertEquals(Long.MIN_VALUE + 1, in.readLong());
    assertEquals(1.5f, in.readFloat());
    assertEquals(-2.5, in.readDouble());
    in.readFully(new byte[6]);
    assertEquals("eü", in.readUTF());
    assertEquals(5_000, in.remaining());
    assertThrows(EOFException.class, () -> in.readFully(new byte[5_001]));
    assertEquals("a", new ByteSource(new byte[] {'a', '\r', '\n', 'b'}).readLine());
  }

  @Test
  void refusesAllAfterItsLimit() throws IOException {
    var sink = new ByteSink(10);
    sink.writeLong(1);
    assertThrows(IOException.class, () -> sink.writeInt(1));
    assertThrows(IOException.class, () -> sink.writeByte(1));
    assertTrue(sink.overflown());
    assertEquals(8, sink.toByteArray().length);
  }
}
