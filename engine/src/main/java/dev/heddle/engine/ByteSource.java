package dev.heddle.engine;

import java.io.DataInput;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import org.jspecify.annotations.Nullable;

/** Reads bytes from memory, without the locks of a stream. */
final class ByteSource implements DataInput {
  private static final VarHandle SHORT =
      MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.BIG_ENDIAN);
  private static final VarHandle INT =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.BIG_ENDIAN);
  private static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);

  private final byte[] bytes;
  private int next;

  ByteSource(byte[] bytes) {
    this.bytes = bytes;
  }

  int remaining() {
    return bytes.length - next;
  }

  private int advance(int length) throws EOFException {
    int at = next;
    if (length > bytes.length - at) {
      throw new EOFException("ends after " + bytes.length + " bytes");
    }
    next = at + length;
    return at;
  }

  @Override
  public void readFully(byte[] target) throws IOException {
    readFully(target, 0, target.length);
  }

  @Override
  public void readFully(byte[] target, int offset, int length) throws IOException {
    System.arraycopy(bytes, advance(length), target, offset, length);
  }

  @Override
  public int skipBytes(int count) {
    int skipped = Math.clamp(count, 0, remaining());
    next += skipped;
    return skipped;
  }

  @Override
  public boolean readBoolean() throws IOException {
    return readByte() != 0;
  }

  @Override
  public byte readByte() throws IOException {
    return bytes[advance(1)];
  }

  @Override
  public int readUnsignedByte() throws IOException {
    return readByte() & 0xFF;
  }

  @Override
  public short readShort() throws IOException {
    return (short) SHORT.get(bytes, advance(Short.BYTES));
  }

  @Override
  public int readUnsignedShort() throws IOException {
    return readShort() & 0xFFFF;
  }

  @Override
  public char readChar() throws IOException {
    return (char) readShort();
  }

  @Override
  public int readInt() throws IOException {
    return (int) INT.get(bytes, advance(Integer.BYTES));
  }

  @Override
  public long readLong() throws IOException {
    return (long) LONG.get(bytes, advance(Long.BYTES));
  }

  @Override
  public float readFloat() throws IOException {
    return Float.intBitsToFloat(readInt());
  }

  @Override
  public double readDouble() throws IOException {
    return Double.longBitsToDouble(readLong());
  }

  @Override
  public @Nullable String readLine() throws IOException {
    if (remaining() == 0) {
      return null;
    }
    var line = new StringBuilder();
    while (remaining() > 0) {
      char character = (char) readUnsignedByte();
      if (character == '\n') {
        break;
      }
      if (character == '\r') {
        if (remaining() > 0 && bytes[next] == '\n') {
          next++;
        }
        break;
      }
      line.append(character);
    }
    return line.toString();
  }

  @Override
  public String readUTF() throws IOException {
    return DataInputStream.readUTF(this);
  }
}
