package dev.heddle.gateway.websocket;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A message as it goes to clients, in one frame that is not masked, so the same for all: it is
 * framed once, and compressed at most once. Thread-safe.
 */
public final class WireFrame {
  static final int FIN = 0x80;

  /** RSV1: the message is compressed (RFC 7692 6). */
  static final int COMPRESSED = 0x40;

  static final int CONTINUATION = 0;
  static final int TEXT = 1;
  static final int BINARY = 2;
  static final int CLOSE = 8;
  static final int PING = 9;
  static final int PONG = 10;

  /** Payload of a frame for which the length's shortest form is one byte; of any control frame. */
  static final int SHORT = 125;

  static final int LENGTH_16 = 126;
  static final int LENGTH_64 = 127;

  private static final int LONGEST_REASON = SHORT - 2;

  /** Of more bytes the head goes beside the payload, which is not copied. */
  private static final int COPIED = 8 << 10;

  /** Connections after which a frame is moved out of the heap, from where each write copies it. */
  private static final int MANY = 16;

  private static final ByteBuffer EMPTY_PING = control(PING, new byte[0]);

  private final int first;
  private final byte[] payload;

  /** Racy, as what follows: threads that come at once do it twice, with the same result. */
  private int uses;

  private volatile @Nullable ByteBuffer encoded;
  private volatile @Nullable WireFrame compressed;

  private WireFrame(int first, byte[] payload) {
    this.first = first;
    this.payload = payload;
  }

  /**
   * A message.
   *
   * @param payload not to be changed
   * @param binary else it is UTF-8
   */
  public static WireFrame message(byte[] payload, boolean binary) {
    return new WireFrame(FIN | (binary ? BINARY : TEXT), payload);
  }

  static ByteBuffer ping() {
    return EMPTY_PING.duplicate();
  }

  static ByteBuffer pong(byte[] payload) {
    return control(PONG, payload);
  }

  /**
   * A goodbye.
   *
   * @param code {@link CloseCodes#NO_CODE}: none
   * @param reason cut where it is too long
   */
  static ByteBuffer close(int code, String reason) {
    if (code == CloseCodes.NO_CODE) {
      return control(CLOSE, new byte[0]);
    }
    byte[] text = reason.getBytes(StandardCharsets.UTF_8);
    int length = Math.min(text.length, LONGEST_REASON);
    while (length < text.length && length > 0 && (text[length] & 0xc0) == 0x80) {
      length--;
    }
    byte[] payload = new byte[2 + length];
    payload[0] = (byte) (code >> 8);
    payload[1] = (byte) code;
    System.arraycopy(text, 0, payload, 2, length);
    return control(CLOSE, payload);
  }

  private static ByteBuffer control(int opcode, byte[] payload) {
    return whole(ByteBuffer.allocate(2 + payload.length), FIN | opcode, payload);
  }

  private static ByteBuffer whole(ByteBuffer into, int first, byte[] payload) {
    head(into, first, payload.length);
    return into.put(payload).flip().asReadOnlyBuffer();
  }

  private static void head(ByteBuffer into, int first, int length) {
    into.put((byte) first);
    if (length <= SHORT) {
      into.put((byte) length);
    } else if (length < 1 << 16) {
      into.put((byte) LENGTH_16).putShort((short) length);
    } else {
      into.put((byte) LENGTH_64).putLong(length);
    }
  }

  private static int headLength(int length) {
    return length <= SHORT ? 2 : length < 1 << 16 ? 4 : 10;
  }

  /** Bytes of the payload, as it goes out. */
  int length() {
    return payload.length;
  }

  /**
   * As it goes to a client with whom compression is agreed on.
   *
   * @param above bytes of a message up to which it is not worth the while
   * @param most bytes of the largest message that the client takes compressed
   * @return itself where that is not larger
   */
  WireFrame compressed(Deflates deflates, long above, int most) {
    if (payload.length <= above || payload.length > most || payload.length == 0) {
      return this;
    }
    WireFrame known = compressed;
    if (known == null) {
      byte[] less = deflates.deflate(payload);
      known = less.length < payload.length ? new WireFrame(first | COMPRESSED, less) : this;
      compressed = known;
    }
    return known;
  }

  /** Adds what is to be written; the buffers' bytes are shared, and not to be changed. */
  public void addTo(List<ByteBuffer> buffers) {
    ByteBuffer known = encoded;
    if (known == null || (!known.isDirect() && uses >= MANY)) {
      if (known == null && payload.length > COPIED) {
        known = split(buffers);
        if (known == null) {
          return;
        }
      } else {
        known = encode();
      }
      encoded = known;
    }
    uses++;
    buffers.add(known.duplicate());
  }

  /** Adds head and payload, and returns null, unless so many use it that it is worth a copy. */
  private @Nullable ByteBuffer split(List<ByteBuffer> buffers) {
    if (uses >= MANY) {
      return encode();
    }
    uses++;
    ByteBuffer head = ByteBuffer.allocate(headLength(payload.length));
    head(head, first, payload.length);
    buffers.add(head.flip());
    buffers.add(ByteBuffer.wrap(payload).asReadOnlyBuffer());
    return null;
  }

  private ByteBuffer encode() {
    int length = headLength(payload.length) + payload.length;
    ByteBuffer into =
        uses >= MANY ? ByteBuffer.allocateDirect(length) : ByteBuffer.allocate(length);
    return whole(into, first, payload);
  }
}
