package dev.heddle.engine;

import java.io.DataOutput;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * Bytes in memory up to a limit. Beyond it, writing fails, now and ever after, so that code that
 * swallows the failure gains nothing. Unlike a DataOutputStream it takes no locks.
 */
final class ByteSink implements DataOutput {
  private static final VarHandle SHORT =
      MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.BIG_ENDIAN);
  private static final VarHandle INT =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.BIG_ENDIAN);
  private static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);

  private final int limit;
  private byte[] bytes = new byte[1024];
  private int size;
  private boolean overflown;

  ByteSink(int limit) {
    this.limit = limit;
  }

  boolean overflown() {
    return overflown;
  }

  byte[] toByteArray() {
    return Arrays.copyOf(bytes, size);
  }

  /** Makes room, moves the end, and returns where the room begins. */
  private int room(int length) throws IOException {
    int at = size;
    if (overflown || length > limit - at) {
      overflown = true;
      throw new IOException("more than " + limit + " bytes");
    }
    if (at + length > bytes.length) {
      long larger = Math.max(at + length, bytes.length * 2L);
      bytes = Arrays.copyOf(bytes, (int) Math.min(larger, limit));
    }
    size = at + length;
    return at;
  }

  @Override
  public void write(int value) throws IOException {
    int at = room(1);
    bytes[at] = (byte) value;
  }

  @Override
  public void write(byte[] source) throws IOException {
    write(source, 0, source.length);
  }

  @Override
  public void write(byte[] source, int offset, int length) throws IOException {
    int at = room(length);
    System.arraycopy(source, offset, bytes, at, length);
  }

  @Override
  public void writeBoolean(boolean value) throws IOException {
    write(value ? 1 : 0);
  }

  @Override
  public void writeByte(int value) throws IOException {
    write(value);
  }

  @Override
  public void writeShort(int value) throws IOException {
    int at = room(Short.BYTES);
    SHORT.set(bytes, at, (short) value);
  }

  @Override
  public void writeChar(int value) throws IOException {
    writeShort(value);
  }

  @Override
  public void writeInt(int value) throws IOException {
    int at = room(Integer.BYTES);
    INT.set(bytes, at, value);
  }

  @Override
  public void writeLong(long value) throws IOException {
    int at = room(Long.BYTES);
    LONG.set(bytes, at, value);
  }

  @Override
  public void writeFloat(float value) throws IOException {
    writeInt(Float.floatToIntBits(value));
  }

  @Override
  public void writeDouble(double value) throws IOException {
    writeLong(Double.doubleToLongBits(value));
  }

  @Override
  public void writeBytes(String text) throws IOException {
    for (int i = 0; i < text.length(); i++) {
      write(text.charAt(i));
    }
  }

  @Override
  public void writeChars(String text) throws IOException {
    for (int i = 0; i < text.length(); i++) {
      writeChar(text.charAt(i));
    }
  }

  @Override
  public void writeUTF(String text) throws IOException {
    new DataOutputStream(stream()).writeUTF(text);
  }

  /** The same bytes as a stream. */
  OutputStream stream() {
    return new OutputStream() {
      @Override
      public void write(int value) throws IOException {
        ByteSink.this.write(value);
      }

      @Override
      public void write(byte[] source, int offset, int length) throws IOException {
        ByteSink.this.write(source, offset, length);
      }
    };
  }
}
