package dev.heddle.gateway.websocket;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * Whether bytes are UTF-8 (RFC 3629), of texts that come in parts. The state between two parts is a
 * number: 0 where a character may begin. Otherwise its lowest byte says how many bytes the
 * character lacks, and the two above it between what the next of them has to be.
 */
final class Utf8 {
  static final int START = 0;
  static final int INVALID = -1;

  private static final VarHandle LONGS =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.nativeOrder());
  private static final long ALL_HIGH_BITS = 0x8080808080808080L;

  private Utf8() {}

  /** The state after these bytes; {@link #INVALID}: no text begins so. */
  static int check(int state, byte[] bytes, int from, int to) {
    int now = state;
    int at = from;
    while (at < to) {
      if (now == START) {
        at = ascii(bytes, at, to);
        if (at == to) {
          return START;
        }
        now = lead(bytes[at] & 0xff);
      } else {
        int next = bytes[at] & 0xff;
        if (next < (now >> 8 & 0xff) || next > (now >> 16 & 0xff)) {
          return INVALID;
        }
        int lacks = (now & 0xff) - 1;
        now = lacks == 0 ? START : lacking(lacks, 0x80, 0xbf);
      }
      if (now == INVALID) {
        return INVALID;
      }
      at++;
    }
    return now;
  }

  /** Where the first byte is that is not ASCII. */
  private static int ascii(byte[] bytes, int from, int to) {
    int at = from;
    while (at + Long.BYTES <= to && ((long) LONGS.get(bytes, at) & ALL_HIGH_BITS) == 0) {
      at += Long.BYTES;
    }
    while (at < to && bytes[at] >= 0) {
      at++;
    }
    return at;
  }

  /**
   * RFC 3629 4: what may follow a first byte, so that there are no overlong forms or surrogates.
   */
  private static int lead(int first) {
    if (first < 0xc2) {
      return INVALID;
    }
    if (first < 0xe0) {
      return lacking(1, 0x80, 0xbf);
    }
    if (first < 0xf0) {
      return lacking(2, first == 0xe0 ? 0xa0 : 0x80, first == 0xed ? 0x9f : 0xbf);
    }
    if (first < 0xf5) {
      return lacking(3, first == 0xf0 ? 0x90 : 0x80, first == 0xf4 ? 0x8f : 0xbf);
    }
    return INVALID;
  }

  private static int lacking(int bytes, int least, int most) {
    return bytes | least << 8 | most << 16;
  }
}
