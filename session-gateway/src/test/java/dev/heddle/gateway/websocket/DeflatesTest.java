package dev.heddle.gateway.websocket;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Compressed messages, by RFC 7692. */
class DeflatesTest {
  private final Deflates deflates = new Deflates(1);

  @AfterEach
  void stop() {
    deflates.close();
  }

  private static byte[] hex(String hex) {
    return HexFormat.of().parseHex(hex.replace(" ", ""));
  }

  private static byte[] random(int length) {
    byte[] bytes = new byte[length];
    new Random(length).nextBytes(bytes);
    return bytes;
  }

  @Test
  void whatIsCompressedComesBack() throws Fault {
    for (int length : new int[] {1, 2, 100, 127, 128, 255, 256, 257, 4_096, 65_536, 1 << 20}) {
      for (byte[] message : List.of(new byte[length], random(length))) {
        byte[] compressed = deflates.deflate(message);
        assertTrue(compressed.length <= Deflates.mostCompressed(length), "bounds of " + length);
        assertArrayEquals(message, deflates.inflate(compressed, length));
      }
    }
  }

  @Test
  void messagesAreEachForThemselves() throws Fault {
    byte[] message = "the same again, the same again".getBytes(StandardCharsets.UTF_8);
    byte[] first = deflates.deflate(message);
    assertArrayEquals(first, deflates.deflate(message), "no context is taken over");
    assertArrayEquals(message, deflates.inflate(first, 100));
    assertThrows(Fault.class, () -> deflates.inflate(hex("ffff"), 100));
    assertArrayEquals(message, deflates.inflate(first, 100), "after one that was broken");
  }

  @ParameterizedTest
  @CsvSource({
    // The examples of RFC 7692 7.2.3.
    "f2 48 cd c9 c9 07 00, Hello",
    "00 05 00 fa ff 48 65 6c 6c 6f 00, Hello",
    "f3 48 cd c9 c9 07 00 00, Hello",
    "f2 48 05 00 00 00 ff ff ca c9 c9 07 00, Hello",
    "f2 48 cd c9 c9 07 00 00 00 ff ff, Hello",
    "00, ''",
    "02 00, ''"
  })
  void takesAllFormsOfBlocks(String compressed, String message) throws Fault {
    byte[] expanded = deflates.inflate(hex(compressed), 100);
    assertEquals(message, new String(expanded, StandardCharsets.UTF_8));
  }

  @Test
  void aBombIsNotExpandedBeyondTheBound() {
    byte[] bomb = deflates.deflate(new byte[64 << 20]);
    assertTrue(bomb.length < 128 << 10, () -> bomb.length + " bytes");
    var fault = assertThrows(Fault.class, () -> deflates.inflate(bomb, 128 << 10));
    assertEquals(CloseCodes.TOO_LARGE, fault.code());
  }

  @Test
  void whatIsNotWholeIsRefused() {
    byte[] message = "some text, of which a part is missing".getBytes(StandardCharsets.UTF_8);
    byte[] whole = deflates.deflate(message);
    for (int length = 1; length < whole.length; length++) {
      byte[] part = java.util.Arrays.copyOf(whole, length);
      var fault = assertThrows(Fault.class, () -> deflates.inflate(part, 1_000), "of " + length);
      assertEquals(CloseCodes.BAD_DATA, fault.code());
    }
  }

  @Test
  void whatIsNoDataIsRefusedOrBounded() {
    for (int i = 1; i < 3_000; i++) {
      byte[] noise = random(i % 200 + 1);
      noise[0] = (byte) i;
      try {
        assertTrue(deflates.inflate(noise, 500).length <= 500);
      } catch (Fault e) {
        assertTrue(List.of(CloseCodes.BAD_DATA, CloseCodes.TOO_LARGE).contains(e.code()));
      }
    }
  }

  @Test
  void aMessageEndsItsBlocksOnlyAFewTimes() throws Fault {
    assertEquals(0, deflates.inflate(hex("0300".repeat(16) + "00"), 100).length);
    var fault =
        assertThrows(Fault.class, () -> deflates.inflate(hex("0300".repeat(17) + "00"), 100));
    assertEquals(CloseCodes.BAD_DATA, fault.code());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          permessage-deflate                                                     | yes |
          permessage-deflate; client_max_window_bits                             | yes |
          permessage-deflate;client_max_window_bits=15                           | yes |
          permessage-deflate; client_max_window_bits="8"                         | yes |
          permessage-deflate; server_no_context_takeover                         | yes |
          permessage-deflate; client_no_context_takeover;server_no_context_takeover | yes |
          permessage-deflate; server_max_window_bits=15                          | yes | ; server_max_window_bits=15
          permessage-deflate; server_max_window_bits="10"; client_max_window_bits | yes | ; server_max_window_bits=10
          permessage-deflate; server_max_window_bits=7, permessage-deflate       | yes |
          x-webkit-deflate-frame, permessage-deflate                             | yes |
          permessage-deflate; server_max_window_bits                             | no  |
          permessage-deflate; server_max_window_bits=16                          | no  |
          permessage-deflate; server_max_window_bits=08                          | no  |
          permessage-deflate; client_max_window_bits=7                           | no  |
          permessage-deflate; client_max_window_bits=x                           | no  |
          permessage-deflate; server_no_context_takeover=1                       | no  |
          permessage-deflate; client_no_context_takeover; client_no_context_takeover | no  |
          permessage-deflate; more                                               | no  |
          x-webkit-deflate-frame                                                 | no  |
          """)
  void takesAllLegalOffersAndDeclinesOthers(String offers, String taken, String more) {
    Optional<DeflateOffer> offer = DeflateOffer.first(List.of(offers));
    assertEquals(taken.equals("yes"), offer.isPresent());
    offer.ifPresent(each ->
        assertEquals(
            "permessage-deflate; server_no_context_takeover; client_no_context_takeover"
                + (more == null ? "" : more),
            each.answer()));
  }

  @Test
  void offersInSeveralHeadersAreOneList() {
    assertTrue(DeflateOffer.first(List.of("other", "permessage-deflate")).isPresent());
    assertFalse(DeflateOffer.first(List.of()).isPresent());
  }

  @Test
  void aSmallWindowIsKeptByMessagesThatFitIntoIt() {
    var frame = WireFrame.message(new byte[1_025], true);
    assertEquals(frame, frame.compressed(deflates, 0, new DeflateOffer(10).mostCompressed()));
    assertTrue(frame.compressed(deflates, 0, new DeflateOffer(11).mostCompressed()).length() < 50);
  }

  @Test
  void aMessageIsCompressedOnceAndOnlyIfThatMakesItSmaller() {
    int most = Integer.MAX_VALUE;
    var frame = WireFrame.message(new byte[500], true);
    WireFrame compressed = frame.compressed(deflates, 100, most);
    assertTrue(compressed.length() < 50);
    assertTrue(compressed == frame.compressed(deflates, 100, most), "made once");
    assertTrue(frame == frame.compressed(deflates, 500, most), "not above the bound");
    var noise = WireFrame.message(random(500), true);
    assertTrue(noise == noise.compressed(deflates, 100, most), "no smaller");
  }
}
