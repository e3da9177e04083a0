package dev.heddle.gateway.websocket;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Beside the JDK's decoder. */
class Utf8Test {
  private static boolean decodes(byte[] bytes) {
    try {
      var _ = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes));
      return true;
    } catch (CharacterCodingException e) {
      return false;
    }
  }

  private static void agrees(byte[] bytes) {
    boolean expected = decodes(bytes);
    for (int cut = 0; cut <= bytes.length; cut++) {
      int state = Utf8.check(Utf8.START, bytes, 0, cut);
      if (state != Utf8.INVALID) {
        state = Utf8.check(state, bytes, cut, bytes.length);
      }
      int at = cut;
      assertEquals(
          expected, state == Utf8.START, () -> HexFormat.of().formatHex(bytes) + " cut at " + at);
    }
  }

  @Test
  void agreesOnAllThatBeginsWithTwoBytes() {
    for (int i = 0; i < 1 << 16; i++) {
      agrees(new byte[] {(byte) (i >> 8), (byte) i});
      agrees(new byte[] {(byte) (i >> 8), (byte) i, (byte) 0x80});
      agrees(new byte[] {(byte) (i >> 8), (byte) i, (byte) 0xbf, (byte) 0x80});
    }
  }

  @Test
  void agreesOnTextsWithAByteThatIsAnother() {
    var random = new Random(7);
    for (int i = 0; i < 2_000; i++) {
      var text = new StringBuilder();
      for (int j = random.nextInt(12); j > 0; j--) {
        text.append("ascii only, of some length ", 0, random.nextInt(20));
        int most = random.nextBoolean() ? Character.MAX_CODE_POINT : 0x900;
        int point = random.nextInt(most);
        text.appendCodePoint(point >= 0xd800 && point < 0xe000 ? 'x' : point);
      }
      byte[] bytes = text.toString().getBytes(StandardCharsets.UTF_8);
      agrees(bytes);
      if (bytes.length > 0) {
        bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
        agrees(bytes);
      }
    }
  }
}
