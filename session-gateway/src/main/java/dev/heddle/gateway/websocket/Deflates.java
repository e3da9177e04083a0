package dev.heddle.gateway.websocket;

import java.util.Arrays;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.zip.DataFormatException;
import java.util.zip.Deflater;
import java.util.zip.Inflater;

/**
 * Compresses and expands messages by RFC 7692, each for itself (no context takeover), so that no
 * connection keeps a state of zlib, which has some 300 KB for one that compresses. They are
 * borrowed from a pool; more than it has are made where more threads work at once, and ended.
 * Thread-safe.
 */
public final class Deflates implements AutoCloseable {
  /** What ends each message, and is not sent (RFC 7692 7.2.1). */
  private static final byte[] TAIL = {0, 0, (byte) 0xff, (byte) 0xff};

  /**
   * What is read after a message: the tail, and a last block that is empty. Only data that are
   * whole by then let zlib see that as the end.
   */
  private static final byte[] END = {
    0, 0, (byte) 0xff, (byte) 0xff, 1, 0, 0, (byte) 0xff, (byte) 0xff
  };

  private static final byte[] NOTHING = {};

  /** Ends of a message's blocks that are taken; each costs two bytes, and a new beginning. */
  private static final int MOST_ENDS = 16;

  private static final int LEAST = 256;

  /**
   * How much larger compressed data may be than they are worth: zlib's bound for what is random.
   */
  private static final int OVERHEAD_SHIFT = 8;

  private final BlockingQueue<Deflater> deflaters;
  private final BlockingQueue<Inflater> inflaters;

  /**
   * None yet.
   *
   * @param kept of either, when nobody uses them
   */
  public Deflates(int kept) {
    this.deflaters = new ArrayBlockingQueue<>(kept);
    this.inflaters = new ArrayBlockingQueue<>(kept);
  }

  /** The most that a message of so many bytes takes when it is compressed by any sane sender. */
  static long mostCompressed(long most) {
    return most + (most >> OVERHEAD_SHIFT) + 64;
  }

  /** Compresses a message that is not empty. */
  byte[] deflate(byte[] message) {
    Deflater pooled = deflaters.poll();
    Deflater deflater = pooled != null ? pooled : new Deflater(Deflater.DEFAULT_COMPRESSION, true);
    try {
      deflater.setInput(message);
      byte[] out = new byte[Math.max(LEAST, message.length / 2)];
      int length = 0;
      while (true) {
        length += deflater.deflate(out, length, out.length - length, Deflater.SYNC_FLUSH);
        if (length < out.length) {
          return Arrays.copyOf(out, length - TAIL.length);
        }
        out = Arrays.copyOf(out, 2 * out.length);
      }
    } finally {
      deflater.reset();
      if (!deflaters.offer(deflater)) {
        deflater.end();
      }
    }
  }

  /**
   * Expands a message.
   *
   * @param most bytes that it may have; no more are made
   * @throws Fault if it has more, or is none
   */
  byte[] inflate(byte[] compressed, long most) throws Fault {
    if (compressed.length == 0) {
      return NOTHING;
    }
    Inflater pooled = inflaters.poll();
    Inflater inflater = pooled != null ? pooled : new Inflater(true);
    try {
      return inflate(inflater, compressed, most);
    } catch (DataFormatException e) {
      throw Fault.data("compressed data: broken");
    } finally {
      inflater.reset();
      if (!inflaters.offer(inflater)) {
        inflater.end();
      }
    }
  }

  private static byte[] inflate(Inflater inflater, byte[] compressed, long most)
      throws DataFormatException, Fault {
    // Where the tail falls between two fragments some senders leave it. No other data end so.
    int tail = compressed.length - TAIL.length;
    boolean left =
        tail >= 0 && Arrays.equals(compressed, tail, compressed.length, TAIL, 0, TAIL.length);
    int data = left ? tail : compressed.length;
    byte[] in = Arrays.copyOf(compressed, data + END.length);
    System.arraycopy(END, 0, in, data, END.length);
    inflater.setInput(in);
    byte[] out = new byte[(int) Math.min(most + 1, Math.max(LEAST, 3L * compressed.length))];
    int length = 0;
    int ends = 0;
    while (true) {
      int more = inflater.inflate(out, length, out.length - length);
      length += more;
      if (length > most) {
        throw Fault.tooLarge(most);
      }
      if (inflater.finished()) {
        int rest = inflater.getRemaining();
        if (rest == 0) {
          return length == out.length ? out : Arrays.copyOf(out, length);
        }
        // 7.2.3.5: a sender may end its blocks within a message.
        if (++ends > MOST_ENDS) {
          throw Fault.data("compressed data: ends more than " + MOST_ENDS + " times");
        }
        inflater.reset();
        inflater.setInput(in, in.length - rest, rest);
      } else if (length == out.length) {
        out = Arrays.copyOf(out, (int) Math.min(most + 1, 2L * out.length));
      } else if (more == 0) {
        // Data that go on behind their end.
        throw Fault.data("compressed data: not whole");
      }
    }
  }

  @Override
  public void close() {
    for (Deflater each = deflaters.poll(); each != null; each = deflaters.poll()) {
      each.end();
    }
    for (Inflater each = inflaters.poll(); each != null; each = inflaters.poll()) {
      each.end();
    }
  }
}
