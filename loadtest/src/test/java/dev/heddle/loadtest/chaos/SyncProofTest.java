package dev.heddle.loadtest.chaos;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.loadtest.chaos.SyncProof.Steps;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

class SyncProofTest {
  private static final String LOG = "5</data/raft/current/log_inprogress_0>";
  private static final String CLIENT = "8<TCP:[127.0.0.1:9001->127.0.0.1:45214]>";
  private static final String NODE = "9<TCP:[127.0.0.1:9002->127.0.0.1:45214]>";

  private static String written(String marker) {
    return "write(" + LOG + ", \"\\0\\1{\\\"v\\\":\\\"" + marker + "\\\"}\\n\", 21) = 21";
  }

  private static String synced() {
    return "fdatasync(" + LOG + ") = 0";
  }

  /** A reply: HEADERS (5 bytes), DATA (2 bytes), HEADERS that end the stream (1 byte). */
  private static String replied(int stream) {
    var bytes =
        "\\0\\0\\5\\1\\4\\0\\0\\0\\S\\210\\1\\2\\3\\4\\0\\0\\2\\0\\0\\0\\0\\0\\Sab"
            + "\\0\\0\\1\\1\\5\\0\\0\\0\\S\\1";
    return "sendto("
        + CLIENT
        + ", \""
        + bytes.replace("S", Integer.toOctalString(stream))
        + "\", 35, 0, NULL, 0) = 35";
  }

  /** Each line in a thread of its own. */
  private static SyncProof proof(List<String> markers, String... calls) {
    var lines = new ArrayList<String>();
    for (int i = 0; i < calls.length; i++) {
      boolean whole = calls[i].matches("\\d+ .*");
      lines.add(whole ? calls[i] : (100 + i) + " 1795264507.15" + (1000 + i) + " " + calls[i]);
    }
    return SyncProof.of(SystemCallTrace.read(lines), Pattern.compile(".*/log_\\S+"), 9001, markers);
  }

  private static void assertProblem(String expected, SyncProof proof) {
    assertEquals(1, proof.problems().size(), proof::toString);
    assertTrue(proof.problems().getFirst().contains(expected), proof::toString);
  }

  @Test
  void provesWhatWasSyncedBeforeItsReply() {
    var proof =
        proof(
            List.of("m-1", "m-2"),
            "sendto(" + CLIENT + ", \"\\0\\0\\0\\4\\0\\0\\0\\0\\0\", 9, 0, NULL, 0) = 9",
            written("m-1"),
            synced(),
            replied(3),
            written("m-2"),
            "fsync(" + LOG + ") = 0 <0.000123>",
            replied(5));

    assertEquals(List.of(), proof.problems());
    assertEquals(List.of(new Steps("m-1", 2, 3, 4), new Steps("m-2", 5, 6, 7)), proof.steps());
  }

  @Test
  void followsCallsThatAreInterrupted() {
    var proof =
        proof(
            List.of("m-1"),
            "201 1795264507.1 pwrite64(" + LOG + ", \"m-1\", 3, 4096 <unfinished ...>",
            "202 1795264507.2 write(" + CLIENT + ", \"\\0\\0\\0\\4\\1\\0\\0\\0\\0\", 9) = 9",
            "201 1795264507.3 <... pwrite64 resumed>) = 3",
            "201 1795264507.4 fdatasync(" + LOG + " <unfinished ...>",
            "203 1795264507.5 --- SIGSEGV {si_signo=SIGSEGV} ---",
            "201 1795264507.6 <... fdatasync resumed>) = 0",
            "202 1795264507.7 +++ exited with 0 +++",
            replied(3));

    assertEquals(List.of(new Steps("m-1", 3, 6, 8)), proof.steps(), proof::toString);
  }

  @Test
  void findsARepliesFramesInSeveralWrites() {
    var proof =
        proof(
            List.of("m-1"),
            written("m-1"),
            "writev("
                + CLIENT
                + ", [{iov_base=\"\\0\\0\\5\\1\\4\\0\\0\\0\\3\", iov_len=9},"
                + " {iov_base=\"abcde\\0\\0\\2\\0\\0\", iov_len=10}], 2) = 19",
            synced(),
            "writev(" + CLIENT + ", [{iov_base=\"\\0\\0\\0\\3ab\", iov_len=6}], 1) = 6");

    // The frame with the data begins in the first of both.
    assertProblem("not synced in between", proof);
  }

  @Test
  void refusesAReplyWithoutASync() {
    assertProblem("not synced in between", proof(List.of("m-1"), written("m-1"), replied(3)));
  }

  @Test
  void refusesAReplyBeforeTheSync() {
    assertProblem(
        "not synced in between", proof(List.of("m-1"), written("m-1"), replied(3), synced()));
  }

  @Test
  void refusesASyncFromBeforeTheWrite() {
    assertProblem(
        "not synced in between", proof(List.of("m-1"), synced(), written("m-1"), replied(3)));
  }

  @Test
  void refusesASyncThatBeganBeforeTheWriteReturned() {
    assertProblem(
        "not synced in between",
        proof(
            List.of("m-1"),
            "201 1795264507.1 write(" + LOG + ", \"m-1\", 3 <unfinished ...>",
            "202 1795264507.2 fdatasync(" + LOG + ") = 0",
            "201 1795264507.3 <... write resumed>) = 3",
            replied(3)));
  }

  @Test
  void refusesASyncThatReturnsAfterTheReply() {
    assertProblem(
        "not synced in between",
        proof(
            List.of("m-1"),
            written("m-1"),
            "201 1795264507.1 fdatasync(" + LOG + " <unfinished ...>",
            replied(3),
            "201 1795264507.3 <... fdatasync resumed>) = 0"));
  }

  @Test
  void refusesASyncThatFailed() {
    assertProblem(
        "not synced in between",
        proof(
            List.of("m-1"),
            written("m-1"),
            "fdatasync(" + LOG + ") = -1 EIO (Input/output error)",
            replied(3)));
  }

  @Test
  void refusesASyncOfAnotherFile() {
    assertProblem(
        "not synced in between",
        proof(
            List.of("m-1"),
            written("m-1"),
            "fdatasync(6</data/raft/current/log_inprogress_77>) = 0",
            replied(3)));
  }

  @Test
  void refusesAReplyWhoseWriteIsNowhere() {
    assertProblem("never written", proof(List.of("m-1"), synced(), replied(3)));
  }

  @Test
  void wantsOneReplyForEachWrite() {
    var other = replied(3).replace(CLIENT, NODE);

    assertProblem("expected: one with 1", proof(List.of("m-1"), written("m-1"), synced(), other));
  }

  @Test
  void doesNotMindOtherConnections() {
    var setUp = CLIENT.replace("45214", "45000");
    var proof =
        proof(
            List.of("m-1"),
            replied(3).replace(CLIENT, setUp),
            replied(5).replace(CLIENT, setUp),
            written("m-1"),
            synced(),
            replied(3));

    assertEquals(List.of(new Steps("m-1", 3, 4, 5)), proof.steps(), proof::toString);
  }

  @Test
  void refusesATraceThatDoesNotShowAllBytesOfAReply() {
    var cut = "write(" + CLIENT + ", \"\\0\\0\\5\"..., 35) = 35";

    assertThrows(IllegalArgumentException.class, () -> proof(List.of("m-1"), cut));
  }

  @Test
  void readsDescriptorsBytesAndResults() {
    var calls =
        SystemCallTrace.read(
            List.of(
                "7 1.5 write(12</tmp/a b.log>, \"\\0\\1x\\\"\\n\\\\\\303\\274\\0019\", 11) = 11",
                "7 1.6 write(12</tmp/a b.log>(deleted), \"abc\"..., 9) = -1 ENOSPC (No space left)",
                "7 1.7 sendmsg(4<TCPv6:[[::ffff:127.0.0.1]:35681->[::ffff:127.0.0.1]:45214]>,"
                    + " {msg_name=NULL, msg_iov=[{iov_base=\"ab\", iov_len=2}, {iov_base=\"c\","
                    + " iov_len=1}], msg_iovlen=2}, 0) = 3",
                "garbage"));

    assertEquals(3, calls.size());
    assertEquals("/tmp/a b.log", calls.get(0).target());
    assertArrayEquals(
        new byte[] {0, 1, 'x', '"', '\n', '\\', (byte) 0303, (byte) 0274, 1, '9'},
        calls.get(0).data());
    assertEquals(OptionalInt.of(11), calls.get(0).result());
    assertTrue(calls.get(1).truncated());
    assertFalse(calls.get(1).succeeded());
    assertEquals("/tmp/a b.log", calls.get(1).target());
    assertEquals("abc", new String(calls.get(2).data(), StandardCharsets.US_ASCII));
    assertEquals(new SystemCall.Ports(35_681, 45_214), calls.get(2).ports().orElseThrow());
  }
}
