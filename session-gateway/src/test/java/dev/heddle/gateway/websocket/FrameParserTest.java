package dev.heddle.gateway.websocket;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.gateway.websocket.FrameParser.Event;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Frames as RFC 6455 has them, cut at every place. */
class FrameParserTest {
  private static final int MOST = 300;
  private static final byte[] MASK = {0x37, (byte) 0xfa, 0x21, 0x3d};
  private static final Deflates DEFLATES = new Deflates(1);

  @AfterAll
  static void stop() {
    DEFLATES.close();
  }

  /**
   * Frames, each: the first byte in hexadecimal, a colon, and the payload: in hexadecimal, or n
   * times a letter (300*a). The payload is masked, its length in the shortest form.
   */
  private static byte[] stream(String frames) {
    var out = new ByteArrayOutputStream();
    for (String each : frames.strip().split("\\s+")) {
      String[] parts = each.split(":", -1);
      out.writeBytes(frame(Integer.parseInt(parts[0], 16), payload(parts[1])));
    }
    return out.toByteArray();
  }

  private static byte[] payload(String text) {
    int star = text.indexOf('*');
    return star < 0
        ? HexFormat.of().parseHex(text)
        : text.substring(star + 1)
            .repeat(Integer.parseInt(text.substring(0, star)))
            .getBytes(StandardCharsets.UTF_8);
  }

  private static byte[] frame(int first, byte[] payload) {
    var out = new ByteArrayOutputStream();
    out.write(first);
    if (payload.length < 126) {
      out.write(0x80 | payload.length);
    } else if (payload.length < 1 << 16) {
      out.write(0xfe);
      out.writeBytes(ByteBuffer.allocate(2).putShort((short) payload.length).array());
    } else {
      out.write(0xff);
      out.writeBytes(ByteBuffer.allocate(8).putLong(payload.length).array());
    }
    out.writeBytes(MASK);
    for (int i = 0; i < payload.length; i++) {
      out.write(payload[i] ^ MASK[i & 3]);
    }
    return out.toByteArray();
  }

  private static String told(Event event) {
    return switch (event) {
      case Event.Message(byte[] payload, boolean binary, int _) ->
          (binary ? "binary " : "text ") + shown(payload);
      case Event.Ping(byte[] payload) -> "ping " + shown(payload);
      case Event.Pong() -> "pong";
      case Event.Close(int code, String reason) -> "close " + code + " " + reason;
    };
  }

  private static String shown(byte[] payload) {
    return payload.length > 40 ? payload.length + "" : HexFormat.of().formatHex(payload);
  }

  /** What is told of these bytes, which come in two parts, or one by one. */
  private static List<String> read(FrameParser parser, byte[] bytes, int... cuts) {
    var all = new ArrayList<String>();
    int from = 0;
    try {
      for (int i = 0; i <= cuts.length; i++) {
        int to = i < cuts.length ? cuts[i] : bytes.length;
        ByteBuffer in = ByteBuffer.wrap(bytes, from, to - from);
        from = to;
        for (Event event = parser.next(in); event != null; event = parser.next(in)) {
          all.add(told(event).strip());
        }
      }
    } catch (Fault e) {
      all.add(Integer.toString(e.code()));
    }
    return all;
  }

  private static void everyCut(byte[] bytes, boolean deflate, List<String> expected) {
    for (int cut = 0; cut <= bytes.length; cut++) {
      assertEquals(expected, read(parser(deflate), bytes, cut), "cut at " + cut);
    }
    int[] each = new int[bytes.length];
    Arrays.setAll(each, i -> i);
    assertEquals(expected, read(parser(deflate), bytes, each), "byte by byte");
  }

  private static FrameParser parser(boolean deflate) {
    return new FrameParser(MOST, deflate ? DEFLATES : null);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          81:                        | text
          81:61                      | text 61
          82:00ff80                  | binary 00ff80
          82:125*x                   | binary 125
          82:126*x                   | binary 126
          82:300*x                   | binary 300
          82:301*x                   | 1009
          02:200*x 80:100*x          | binary 300
          02:200*x 80:101*x          | 1009
          02:200*x 00:101*x          | 1009
          01:61 00: 80:62            | text 6162
          01: 80:                    | text
          01:61 89:70 80:62          | ping 70,text 6162
          01:61 8a:70 80:62          | pong,text 6162
          89: 89:01                  | ping,ping 01
          8a:                        | pong
          89:125*p                   | ping 125
          89:126*p                   | 1002
          81:61 82:62 81:63          | text 61,binary 62,text 63
          01:61 81:62                | 1002
          01:61 02:62                | 1002
          80:61                      | 1002
          00:61                      | 1002
          09:61                      | 1002
          0a:                        | 1002
          08:                        | 1002
          83:                        | 1002
          87:                        | 1002
          8b:                        | 1002
          8f:                        | 1002
          91:61                      | 1002
          a1:61                      | 1002
          c1:61                      | 1002
          88:                        | close 1005
          88:03e8                    | close 1000
          88:03e8616263              | close 1000 abc
          88:03                      | 1002
          88:03ec                    | 1002
          88:03ed                    | 1002
          88:03ee                    | 1002
          88:03f7                    | 1002
          88:0000                    | 1002
          88:1388                    | 1002
          88:0bb7                    | 1002
          88:0bb8                    | close 3000
          88:1387                    | close 4999
          88:03e8ff                  | 1007
          88:03e8e282                | 1007
          81:ff                      | 1007
          81:c3                      | 1007
          81:eda080                  | 1007
          81:f4908080                | 1007
          81:f09f9880                | text f09f9880
          01:f09f 80:9880            | text f09f9880
          01:f09f 89:00 00:98 80:80  | ping 00,text f09f9880
          01:f09f 80:41              | 1007
          01:e282 80:                | 1007
          82:ff                      | binary ff
          """)
  void readsFramesHoweverTheyAreCut(String frames, String events) {
    everyCut(stream(frames), false, List.of(events.split(",")));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        // Not in the shortest form.
        "81fe0005", "81fe007d", "81ff0000000000000005", "81ff000000000000ffff",
        // More than 63 bits; not masked.
        "82ff80", "8101", "8900", "8800"
      })
  void refusesAHeadAsSoonAsItIsWrong(String head) {
    byte[] bytes = HexFormat.of().parseHex(head);
    // All but its last byte may yet become a head.
    assertEquals(List.of(), read(parser(false), Arrays.copyOf(bytes, bytes.length - 1)));
    everyCut(bytes, false, List.of("1002"));
  }

  @Test
  void refusesAFrameByTheLengthThatItSays() {
    everyCut(HexFormat.of().parseHex("82fe012d"), false, List.of("1009"));
    everyCut(HexFormat.of().parseHex("82ff7fffffffffffffff"), false, List.of("1009"));
  }

  @Test
  void refusesATextAtItsFirstWrongByte() {
    byte[] bytes = frame(0x81, payload("61f49080806161"));
    // The head has 6 bytes; the third byte of the text is the first that is wrong.
    assertEquals(List.of(), read(parser(false), Arrays.copyOf(bytes, 8)));
    assertEquals(List.of("1007"), read(parser(false), Arrays.copyOf(bytes, 9)));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          c1:f248cdc9c90700          | text 48656c6c6f
          41:f248cd 80:c9c90700      | text 48656c6c6f
          41:f248 00:cdc9 89:01 80:c90700 | ping 01,text 48656c6c6f
          41:f248cdc9c90700 80:      | text 48656c6c6f
          c1:000500faff48656c6c6f00  | text 48656c6c6f
          c1:f348cdc9c9070000        | text 48656c6c6f
          c1:00                      | text
          c1:                        | text
          c2:f248cdc9c90700          | binary 48656c6c6f
          c1:f248cdc9c90700 81:61    | text 48656c6c6f,text 61
          41:f248cd c0:c9c90700      | 1002
          c9:01                      | 1002
          c8:                        | 1002
          c0:                        | 1002
          d1:00                      | 1002
          a1:00                      | 1002
          c1:ffffffff                | 1007
          c1:f248cdc9                | 1007
          c1:f348cdc9c90700          | 1007
          c1:000500faff48656c        | 1007
          """)
  void readsCompressedMessages(String frames, String events) {
    everyCut(stream(frames), true, List.of(events.split(",")));
  }

  @Test
  void checksTextsAndBoundsWhenTheyAreExpanded() {
    byte[] wrong = DEFLATES.deflate(payload("6161ff6161"));
    everyCut(frame(0xc1, wrong), true, List.of("1007"));
    everyCut(frame(0xc2, wrong), true, List.of("binary 6161ff6161"));
    everyCut(frame(0xc2, DEFLATES.deflate(new byte[MOST])), true, List.of("binary 300"));
    everyCut(frame(0xc2, DEFLATES.deflate(new byte[MOST + 1])), true, List.of("1009"));
  }

  @Test
  void takesNoMoreMemoryThanHasCome() throws Fault {
    // A head that promises 16 MiB: what is set aside is for what is there.
    var parser = new FrameParser(16 << 20, null);
    var head =
        ByteBuffer.allocate(14).put((byte) 0x82).put((byte) 0xff).putLong(16 << 20).put(MASK);
    assertNull(parser.next(head.flip()));
    assertNull(parser.next(ByteBuffer.wrap(new byte[1])));
    assertTrue(parser.held() <= 4 << 10, () -> parser.held() + " bytes");
  }

  @Test
  void eachFrameCountsAlsoOneWithoutBytes() {
    var parser = parser(false);
    assertEquals(List.of(), read(parser, stream("01: 00: 00: 00:")));
    assertEquals(4, parser.takeFrames());
    assertEquals(List.of("ping", "text"), read(parser, stream("89: 80:")));
    assertEquals(1, parser.takeFrames());
    assertEquals(0, parser.takeFrames());
  }

  @ParameterizedTest
  @CsvSource({
    // Empty blocks: 11 bytes that expand to none.
    "c2:000000ffff000000ffff00, 11",
    "c2:000500faff48656c6c6f00, 11",
    "82:616263, 3",
    "02:616263 80:6465, 5"
  })
  void aMessageCostsWhatCameOrWhatItExpandsTo(String frames, int cost) throws Fault {
    Event event = parser(true).next(ByteBuffer.wrap(stream(frames)));
    assertEquals(cost, assertInstanceOf(Event.Message.class, event).cost());
    byte[] zeros = frame(0xc2, DEFLATES.deflate(new byte[MOST]));
    Event expanded = parser(true).next(ByteBuffer.wrap(zeros));
    assertEquals(MOST, assertInstanceOf(Event.Message.class, expanded).cost());
  }

  @Test
  void isIdleBetweenMessages() throws Fault {
    var parser = parser(false);
    assertTrue(parser.idle());
    assertEquals(List.of("ping"), read(parser, stream("89:")));
    assertTrue(parser.idle());
    assertNull(parser.next(ByteBuffer.wrap(stream("01:61"))));
    assertFalse(parser.idle());
    assertThrows(Fault.class, () -> parser.next(ByteBuffer.wrap(stream("81:61"))));
  }
}
