package dev.heddle.gateway.connection;

import static dev.heddle.gateway.connection.RawWebSocket.BINARY;
import static dev.heddle.gateway.connection.RawWebSocket.CLOSE;
import static dev.heddle.gateway.connection.RawWebSocket.CONTINUATION;
import static dev.heddle.gateway.connection.RawWebSocket.FIN;
import static dev.heddle.gateway.connection.RawWebSocket.PING;
import static dev.heddle.gateway.connection.RawWebSocket.PONG;
import static dev.heddle.gateway.connection.RawWebSocket.TEXT;
import static dev.heddle.gateway.connection.RawWebSocket.closing;
import static dev.heddle.gateway.connection.RawWebSocket.frame;
import static dev.heddle.gateway.connection.RawWebSocket.head;
import static dev.heddle.gateway.connection.RawWebSocket.join;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.IntStream;

/**
 * What a client may say by RFC 6455, and what it must not, by the categories of the Autobahn test
 * suite. The application echoes.
 */
final class Rfc6455Cases {
  static final int NO_CODE = 1005;
  private static final byte[] NOTHING = {};
  private static final int MESSAGE = 128 << 10;

  private final List<Case> cases = new ArrayList<>();

  private Rfc6455Cases() {}

  /** What must come back. */
  sealed interface Outcome {
    /** These messages, and the connection lives on. */
    record Answers(List<Message> messages) implements Outcome {}

    /** These messages, and then a close with one of these codes. */
    record Closes(List<Message> messages, List<Integer> codes) implements Outcome {}
  }

  record Message(int opcode, byte[] payload) {}

  /**
   * One case.
   *
   * @param name with the section of RFC 6455
   * @param parts written one after the other
   */
  record Case(String name, boolean dripped, List<byte[]> parts, Outcome outcome) {
    @Override
    public String toString() {
      return name;
    }
  }

  static List<Case> all() {
    var all = new Rfc6455Cases();
    all.framing();
    all.pings();
    all.reserved();
    all.fragments();
    all.utf8();
    all.closingHandshake();
    all.closeCodes();
    all.limits();
    all.masks();
    return all.cases;
  }

  private void answers(String name, List<Message> messages, byte[]... parts) {
    cases.add(new Case(name, false, List.of(parts), new Outcome.Answers(messages)));
  }

  private void dripped(String name, Message message, byte[] part) {
    cases.add(new Case(name, true, List.of(part), new Outcome.Answers(List.of(message))));
  }

  private void closes(String name, int code, byte[]... parts) {
    closesAfter(name, List.of(), List.of(code), parts);
  }

  private void closesAfter(
      String name, List<Message> messages, List<Integer> codes, byte[]... parts) {
    cases.add(new Case(name, false, List.of(parts), new Outcome.Closes(messages, codes)));
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static byte[] bytes(int length) {
    byte[] bytes = new byte[length];
    Arrays.fill(bytes, (byte) '*');
    return bytes;
  }

  private static byte[] hex(String hex) {
    return HexFormat.of().parseHex(hex.replace(" ", ""));
  }

  private static Message text(byte[] payload) {
    return new Message(TEXT, payload);
  }

  private void framing() {
    for (int length : new int[] {0, 1, 125, 126, 127, 128, 65_535, 65_536}) {
      byte[] payload = bytes(length);
      answers("5.2 text of " + length, List.of(text(payload)), frame(FIN | TEXT, payload));
      answers(
          "5.2 binary of " + length,
          List.of(new Message(BINARY, payload)),
          frame(FIN | BINARY, payload));
    }
    dripped("5.2 text of 200, byte by byte", text(bytes(200)), frame(FIN | TEXT, bytes(200)));
    answers(
        "5.2 messages in one write",
        List.of(text(bytes("a")), new Message(BINARY, bytes("b")), text(bytes("c"))),
        join(
            frame(FIN | TEXT, bytes("a")),
            frame(FIN | BINARY, bytes("b")),
            frame(FIN | TEXT, bytes("c"))));
  }

  private void pings() {
    for (int length : new int[] {0, 1, 125}) {
      byte[] payload = new byte[length];
      Arrays.fill(payload, (byte) 0xfe);
      answers(
          "5.5.2 ping of " + length,
          List.of(new Message(PONG, payload)),
          frame(FIN | PING, payload));
    }
    closes("5.5 ping of 126", 1002, frame(FIN | PING, bytes(126)));
    closes("5.5 pong of 126", 1002, frame(FIN | PONG, bytes(126)));
    answers("5.5.3 a pong that nobody asked for", List.of(), frame(FIN | PONG, bytes("hello")));
    answers(
        "5.5.3 a pong, then a ping",
        List.of(new Message(PONG, bytes("ping"))),
        frame(FIN | PONG, bytes("pong")),
        frame(FIN | PING, bytes("ping")));
    var pongs = new ArrayList<Message>();
    byte[][] pings = new byte[10][];
    for (int i = 0; i < pings.length; i++) {
      pongs.add(new Message(PONG, bytes("p" + i)));
      pings[i] = frame(FIN | PING, bytes("p" + i));
    }
    answers("5.5.2 ten pings", pongs, pings);
    dripped(
        "5.5.2 a ping, byte by byte",
        new Message(PONG, bytes("slow")),
        frame(FIN | PING, bytes("slow")));
  }

  private void reserved() {
    for (int bits = 1; bits <= 7; bits++) {
      for (int opcode : new int[] {TEXT, BINARY, PING, CLOSE}) {
        closes(
            "5.2 reserved bits " + bits + " of opcode " + opcode,
            1002,
            frame(FIN | bits << 4 | opcode, opcode == CLOSE ? NOTHING : bytes("x")));
      }
    }
    closesAfter(
        "7692 7 a compressed frame that nobody agreed on",
        List.of(text(bytes("a"))),
        List.of(1002),
        frame(FIN | TEXT, bytes("a")),
        frame(FIN | 0x40 | TEXT, hex("4a 04 00")));
    for (int opcode : new int[] {3, 4, 5, 6, 7, 11, 12, 13, 14, 15}) {
      closes("5.2 opcode " + opcode, 1002, frame(FIN | opcode, NOTHING));
      closesAfter(
          "5.2 opcode " + opcode + " after an echo",
          List.of(text(bytes("a"))),
          List.of(1002),
          frame(FIN | TEXT, bytes("a")),
          frame(FIN | opcode, bytes("x")));
    }
  }

  private void fragments() {
    closes("5.4 a ping in fragments", 1002, frame(PING, bytes("a")), frame(FIN, bytes("b")));
    closes("5.4 a pong in fragments", 1002, frame(PONG, bytes("a")), frame(FIN, bytes("b")));
    closes("5.4 a close in fragments", 1002, frame(CLOSE, NOTHING));
    answers(
        "5.4 two fragments",
        List.of(text(bytes("ab"))),
        frame(TEXT, bytes("a")),
        frame(FIN | CONTINUATION, bytes("b")));
    answers(
        "5.4 a ping among fragments",
        List.of(new Message(PONG, bytes("p")), text(bytes("ab"))),
        frame(TEXT, bytes("a")),
        frame(FIN | PING, bytes("p")),
        frame(FIN | CONTINUATION, bytes("b")));
    answers(
        "5.4 empty fragments",
        List.of(text(NOTHING)),
        frame(TEXT, NOTHING),
        frame(CONTINUATION, NOTHING),
        frame(FIN | CONTINUATION, NOTHING));
    answers(
        "5.4 empty fragments around one that is not",
        List.of(text(bytes("m"))),
        frame(TEXT, NOTHING),
        frame(CONTINUATION, bytes("m")),
        frame(FIN | CONTINUATION, NOTHING));
    for (int fin : new int[] {0, FIN}) {
      closes("5.4 continuation of nothing, fin " + fin, 1002, frame(fin, bytes("x")));
      closesAfter(
          "5.4 continuation after a whole message, fin " + fin,
          List.of(text(bytes("a"))),
          List.of(1002),
          frame(FIN | TEXT, bytes("a")),
          frame(fin, bytes("x")));
      closes(
          "5.4 a new message within one, fin " + fin,
          1002,
          frame(TEXT, bytes("a")),
          frame(fin | TEXT, bytes("b")));
      closes(
          "5.4 a new binary message within a text, fin " + fin,
          1002,
          frame(TEXT, bytes("a")),
          frame(fin | BINARY, bytes("b")));
    }
    byte[][] many = new byte[1_024][];
    for (int i = 0; i < many.length; i++) {
      int first = i == 0 ? BINARY : CONTINUATION;
      many[i] = frame(i == many.length - 1 ? FIN | first : first, bytes(64));
    }
    answers("5.4 a thousand fragments", List.of(new Message(BINARY, bytes(64 << 10))), join(many));
    closes(
        "5.5.1 a close among fragments",
        1000,
        frame(TEXT, bytes("a")),
        frame(FIN | CLOSE, closing(1000, NOTHING)));
  }

  private void utf8() {
    for (String text :
        List.of(
            "κόσμε",
            "\0",
            "\u007f\u0080",
            "\u07ff\u0800",
            "\ud7ff\ue000",
            "\ufffe\uffff",
            "\ud800\udc00",
            "\udbff\udfff",
            "Hello-µ@ßöäüàá-UTF-8!!")) {
      byte[] payload = bytes(text);
      answers(
          "5.6 text " + HexFormat.of().formatHex(payload),
          List.of(text(payload)),
          frame(FIN | TEXT, payload));
      byte[][] split = new byte[payload.length][];
      for (int i = 0; i < payload.length; i++) {
        int first = i == 0 ? TEXT : CONTINUATION;
        split[i] = frame(i == payload.length - 1 ? FIN | first : first, new byte[] {payload[i]});
      }
      answers(
          "5.6 text, a fragment for each byte of " + HexFormat.of().formatHex(payload),
          List.of(text(payload)),
          split);
    }
    for (String hex :
        List.of(
            "80",
            "bf",
            "8080",
            "c0",
            "c1",
            "c0af",
            "e080af",
            "f08080af",
            "f880808080af",
            "fc80808080af",
            "c3",
            "cebae1bdb9cf83cebcceb5eda080656469746564",
            "eda080",
            "edadbf",
            "edb080",
            "edbfbf",
            "eda080edb080",
            "f4908080",
            "f5808080",
            "f7bfbfbf",
            "fe",
            "ff",
            "fefeffff",
            "e1bd",
            "f09f98",
            "61ff62")) {
      closes("8.1 text " + hex, 1007, frame(FIN | TEXT, hex(hex)));
      closes(
          "8.1 text " + hex + " in the last fragment",
          1007,
          frame(TEXT, bytes("ok")),
          frame(FIN | CONTINUATION, hex(hex)));
    }
    // The gateway closes at the first byte that is wrong; what comes after it is not read.
    closes(
        "8.1 what no later fragment repairs",
        1007,
        frame(TEXT, bytes("κόσμε")),
        frame(CONTINUATION, hex("f4 90 80 80")),
        frame(FIN | CONTINUATION, bytes("edited")));
    answers(
        "5.6 binary is not text",
        List.of(new Message(BINARY, hex("c0 af ff"))),
        frame(FIN | BINARY, hex("c0 af ff")));
  }

  private void closingHandshake() {
    closesAfter(
        "5.5.1 a close without code",
        List.of(),
        List.of(NO_CODE, 1000),
        frame(FIN | CLOSE, NOTHING));
    closes("5.5.1 a close of one byte", 1002, frame(FIN | CLOSE, bytes("x")));
    closes("5.5.1 the longest reason", 1000, frame(FIN | CLOSE, closing(1000, bytes(123))));
    closes("5.5 too long a reason", 1002, frame(FIN | CLOSE, closing(1000, bytes(124))));
    closes(
        "8.1 a reason that is not UTF-8",
        1007,
        frame(FIN | CLOSE, closing(1000, hex("ce ba e1 bd b9 ed a0 80"))));
    closes(
        "5.5.1 nothing after a close is heard",
        1000,
        frame(FIN | CLOSE, closing(1000, NOTHING)),
        frame(FIN | TEXT, bytes("late")),
        frame(FIN | PING, bytes("late")),
        frame(FIN | CLOSE, closing(1000, NOTHING)));
    closesAfter(
        "7.1.2 answers come before the close that follows",
        List.of(text(bytes("a"))),
        List.of(1000),
        frame(FIN | TEXT, bytes("a")),
        frame(FIN | CLOSE, closing(1000, bytes("bye"))));
  }

  private void closeCodes() {
    IntStream.of(
            1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999,
            4000, 4999)
        .forEach(
            code -> closes("7.4.1 code " + code, code, frame(FIN | CLOSE, closing(code, NOTHING))));
    IntStream.of(0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535)
        .forEach(code ->
            closes(
                "7.4.2 code " + code + " that nobody may send",
                1002,
                frame(FIN | CLOSE, closing(code, NOTHING))));
  }

  private void limits() {
    answers(
        "10.4 the largest message",
        List.of(new Message(BINARY, bytes(MESSAGE))),
        frame(FIN | BINARY, bytes(MESSAGE)));
    closes("10.4 one byte more", 1009, frame(FIN | BINARY, bytes(MESSAGE + 1)));
    closes("10.4 a text of one byte more", 1009, frame(FIN | TEXT, bytes(MESSAGE + 1)));
    closes(
        "10.4 a frame that says 2^30, as far as it comes",
        1009,
        head(FIN | BINARY, 1L << 30, true),
        new byte[4 + MESSAGE + 1]);
    closesAfter(
        "10.4 a frame that says 2^62",
        List.of(),
        List.of(1009, 1002),
        head(FIN | BINARY, 1L << 62, true));
    closesAfter(
        "5.2 a length of 64 bits",
        List.of(),
        List.of(1002, 1009),
        join(head(FIN | BINARY, -1, true)));
    for (int opcode : new int[] {TEXT, BINARY}) {
      closes(
          "10.4 fragments that are too much together, opcode " + opcode,
          1009,
          frame(opcode, bytes(MESSAGE / 2)),
          frame(CONTINUATION, bytes(MESSAGE / 2)),
          frame(CONTINUATION, bytes(1)));
    }
  }

  private void masks() {
    for (int opcode : new int[] {TEXT, BINARY, PING, CLOSE}) {
      closes(
          "5.1 unmasked, opcode " + opcode,
          1002,
          join(head(FIN | opcode, 2, false), closing(1000, NOTHING)));
    }
    answers(
        "5.3 a mask of zeros",
        List.of(text(bytes("plain"))),
        frame(FIN | TEXT, bytes("plain"), new byte[4]));
  }
}
