package dev.heddle.gateway.websocket;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Reads what a client sends, strictly by RFC 6455 5: each rule is looked at as soon as the byte is
 * there that breaks it, texts are checked as they come, and memory is taken only for bytes that
 * have come. Frames may be cut anywhere. Owned by one thread at a time.
 */
final class FrameParser {
  private static final VarHandle LONGS =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);
  private static final byte[] NOTHING = {};
  private static final int MASKED = 0x80;

  /** What is set aside for a frame before its bytes are there. */
  private static final int AT_ONCE = 4 << 10;

  private final long most;
  private final @Nullable Deflates deflates;

  /** Of the frame: bytes of its head that are there, and how many there will be. */
  private int headBytes;

  private int headLength = 2;
  private int first;
  private int second;
  private long length;
  private int mask;

  /** Bytes of the frame's payload that are there. */
  private long taken;

  /** Of a control frame; null: none is being read. */
  private byte @Nullable [] control;

  /** The message as far as it is there; its first frame's first byte, 0: there is none. */
  private byte[] message = NOTHING;

  private int messageLength;
  private int begun;
  private int utf8 = Utf8.START;

  /** Frames of messages that are whole, and not taken note of. */
  private int whole;

  /** What came. */
  sealed interface Event {
    /**
     * A whole message.
     *
     * @param binary else it is UTF-8
     * @param cost its bytes as it came, or expanded, whichever are more
     */
    record Message(byte[] payload, boolean binary, int cost) implements Event {}

    record Ping(byte[] payload) implements Event {}

    record Pong() implements Event {}

    /**
     * The client's goodbye; nothing counts that follows.
     *
     * @param code {@link CloseCodes#NO_CODE}: it has none
     */
    record Close(int code, String reason) implements Event {}
  }

  /**
   * At the beginning of a frame.
   *
   * @param most bytes of a message
   * @param deflates for compressed messages; null: none may come
   */
  FrameParser(long most, @Nullable Deflates deflates) {
    this.most = most;
    this.deflates = deflates;
  }

  /** Whether it is between two messages: a new one would do as well. */
  boolean idle() {
    return headBytes == 0 && begun == 0;
  }

  /** Frames of messages, whole ones or parts, that have come since this was asked last. */
  int takeFrames() {
    int frames = whole;
    whole = 0;
    return frames;
  }

  /** Bytes that are set aside for what is not whole yet. */
  int held() {
    return message.length;
  }

  /**
   * Reads on.
   *
   * @return null: all bytes are read, and more are needed
   * @throws Fault for what must not come; nothing is to be read after it
   */
  @Nullable Event next(ByteBuffer in) throws Fault {
    while (in.hasRemaining()) {
      if (headBytes < headLength) {
        head(in.get() & 0xff);
        if (headBytes < headLength) {
          continue;
        }
        beginPayload();
      }
      payload(in);
      if (taken == length) {
        Event event = end();
        if (event != null) {
          return event;
        }
      }
    }
    return null;
  }

  private void head(int next) throws Fault {
    switch (headBytes++) {
      case 0 -> first(next);
      case 1 -> second(next);
      default -> {
        int lengthBytes = headLength - 6;
        if (headBytes > 2 + lengthBytes) {
          mask = mask << 8 | next;
        } else {
          length = length << 8 | next;
          if (headBytes == 3 && lengthBytes == Long.BYTES && next > 0x7f) {
            throw Fault.protocol("length: of more than 63 bits");
          }
          if (headBytes == 2 + lengthBytes) {
            requireShortest(lengthBytes);
          }
        }
      }
    }
  }

  private void first(int next) throws Fault {
    int opcode = next & 0x0f;
    boolean isControl = opcode >= WireFrame.CLOSE;
    if (opcode > WireFrame.PONG || (opcode > WireFrame.BINARY && !isControl)) {
      throw Fault.protocol("opcode: " + opcode + " is reserved");
    }
    boolean mayCompress =
        deflates != null && (opcode == WireFrame.TEXT || opcode == WireFrame.BINARY);
    if ((next & 0x70 & ~(mayCompress ? WireFrame.COMPRESSED : 0)) != 0) {
      throw Fault.protocol("reserved bits: set");
    }
    if (isControl && (next & WireFrame.FIN) == 0) {
      throw Fault.protocol("control frame: in fragments");
    }
    if (!isControl && (opcode == WireFrame.CONTINUATION) != (begun != 0)) {
      throw Fault.protocol(begun == 0 ? "continuation: of nothing" : "message: within another one");
    }
    first = next;
  }

  private void second(int next) throws Fault {
    if ((next & MASKED) == 0) {
      throw Fault.protocol("mask: missing");
    }
    second = next & 0x7f;
    if (second > WireFrame.SHORT && (first & 0x0f) >= WireFrame.CLOSE) {
      throw Fault.protocol("control frame: more than " + WireFrame.SHORT + " bytes");
    }
    int lengthBytes =
        switch (second) {
          case WireFrame.LENGTH_16 -> Short.BYTES;
          case WireFrame.LENGTH_64 -> Long.BYTES;
          default -> 0;
        };
    headLength = 2 + lengthBytes + Integer.BYTES;
    length = lengthBytes == 0 ? second : 0;
    mask = 0;
    if (lengthBytes == 0) {
      requireRoom();
    }
  }

  private void requireShortest(int lengthBytes) throws Fault {
    if (length <= (lengthBytes == Short.BYTES ? WireFrame.SHORT : 0xffff)) {
      throw Fault.protocol("length: not in its shortest form");
    }
    requireRoom();
  }

  /** A frame that is too large is refused by what it says, not when it has come. */
  private void requireRoom() throws Fault {
    if ((first & 0x0f) >= WireFrame.CLOSE) {
      return;
    }
    boolean compressed = ((begun == 0 ? first : begun) & WireFrame.COMPRESSED) != 0;
    if (length > (compressed ? Deflates.mostCompressed(most) : most) - messageLength) {
      throw Fault.tooLarge(most);
    }
  }

  private void beginPayload() {
    taken = 0;
    if ((first & 0x0f) >= WireFrame.CLOSE) {
      control = length == 0 ? NOTHING : new byte[(int) length];
    } else if (begun == 0) {
      begun = first;
    }
  }

  private void payload(ByteBuffer in) throws Fault {
    int more = (int) Math.min(in.remaining(), length - taken);
    if (more == 0) {
      return;
    }
    byte[] into = control;
    int at = (int) taken;
    if (into == null) {
      into = room(more);
      at = messageLength;
    }
    in.get(into, at, more);
    unmask(into, at, more, Integer.rotateLeft(mask, 8 * (int) (taken & 3)));
    taken += more;
    if (control == null) {
      messageLength += more;
      if ((begun & (0x0f | WireFrame.COMPRESSED)) == WireFrame.TEXT) {
        utf8 = Utf8.check(utf8, into, at, at + more);
        if (utf8 == Utf8.INVALID) {
          throw Fault.data("text: not UTF-8");
        }
      }
    }
  }

  private byte[] room(int more) {
    int needed = messageLength + more;
    if (needed > message.length) {
      // As much again as has come, however small the fragments, and no more than will come.
      boolean last = (first & WireFrame.FIN) != 0;
      long ahead = last ? messageLength + (length - taken) : Deflates.mostCompressed(most);
      long size = Math.min(ahead, Math.max(needed, Math.max(AT_ONCE, 2L * message.length)));
      message = Arrays.copyOf(message, (int) size);
    }
    return message;
  }

  /** Applies the mask, whose first byte is for the first one here. */
  private static void unmask(byte[] bytes, int from, int count, int mask) {
    if (mask == 0) {
      return;
    }
    long wide = (long) mask << 32 | (mask & 0xffffffffL);
    int at = from;
    int end = from + count;
    while (at + Long.BYTES <= end) {
      LONGS.set(bytes, at, (long) LONGS.get(bytes, at) ^ wide);
      at += Long.BYTES;
    }
    for (int shift = 24; at < end; at++, shift = shift == 0 ? 24 : shift - 8) {
      bytes[at] ^= (byte) (mask >> shift);
    }
  }

  /** A frame is whole. Null: the message goes on. */
  private @Nullable Event end() throws Fault {
    headBytes = 0;
    headLength = 2;
    byte[] payload = control;
    if (payload != null) {
      control = null;
      return switch (first & 0x0f) {
        case WireFrame.PING -> new Event.Ping(payload);
        case WireFrame.PONG -> new Event.Pong();
        default -> close(payload);
      };
    }
    whole++;
    return (first & WireFrame.FIN) == 0 ? null : message();
  }

  private Event message() throws Fault {
    byte[] payload =
        messageLength == message.length ? message : Arrays.copyOf(message, messageLength);
    boolean binary = (begun & 0x0f) == WireFrame.BINARY;
    if ((begun & WireFrame.COMPRESSED) != 0 && deflates != null) {
      payload = deflates.inflate(payload, most);
      utf8 = binary ? Utf8.START : Utf8.check(Utf8.START, payload, 0, payload.length);
    }
    if (utf8 != Utf8.START) {
      throw Fault.data("text: not UTF-8");
    }
    int cost = Math.max(messageLength, payload.length);
    message = NOTHING;
    messageLength = 0;
    begun = 0;
    return new Event.Message(payload, binary, cost);
  }

  private static Event close(byte[] payload) throws Fault {
    if (payload.length == 0) {
      return new Event.Close(CloseCodes.NO_CODE, "");
    }
    int code = payload.length == 1 ? 0 : (payload[0] & 0xff) << 8 | (payload[1] & 0xff);
    if (!CloseCodes.maySend(code)) {
      throw Fault.protocol("close: " + code + " is no code that a client may send");
    }
    if (Utf8.check(Utf8.START, payload, 2, payload.length) != Utf8.START) {
      throw Fault.data("close: a reason that is not UTF-8");
    }
    return new Event.Close(
        code, new String(payload, 2, payload.length - 2, StandardCharsets.UTF_8));
  }
}
