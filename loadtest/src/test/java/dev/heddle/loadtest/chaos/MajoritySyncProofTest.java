package dev.heddle.loadtest.chaos;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

class MajoritySyncProofTest {
  private static final String LOG = "5</data/raft/current/log_inprogress_0>";
  private static final String CLIENT = "8<TCP:[127.0.0.1:9001->127.0.0.1:45214]>";

  /** At a millisecond. */
  private static String at(int millis, String call) {
    return "100 1795264507.%03d000 %s".formatted(millis, call);
  }

  private static String written(int millis) {
    return at(millis, "write(" + LOG + ", \"m-1\", 3) = 3 <0.000100>");
  }

  private static String synced(int millis, int took) {
    return at(millis, "fdatasync(%s) = 0 <0.%03d000>".formatted(LOG, took));
  }

  private static String replied(int millis) {
    var bytes = "\\0\\0\\2\\0\\0\\0\\0\\0\\3ab";
    return at(millis, "sendto(" + CLIENT + ", \"" + bytes + "\", 11, 0, NULL, 0) = 11 <0.000010>");
  }

  private static MajoritySyncProof proof(List<String> first, List<String> second) {
    var nodes =
        List.of(
            SystemCallTrace.read(first),
            SystemCallTrace.read(second),
            SystemCallTrace.read(List.<String>of()));
    return MajoritySyncProof.of(nodes, Pattern.compile(".*/log_\\S+"), 9001, List.of("m-1"));
  }

  @Test
  void twoOfThreeThatSyncedBeforeTheReplyAreEnough() {
    var proof =
        proof(
            List.of(written(10), synced(20, 30), replied(60)),
            List.of(written(15), synced(25, 30)));

    assertEquals(List.of(), proof.problems());
    assertEquals(List.of(2), proof.synced());
  }

  @Test
  void aFollowerThatSyncsAfterTheReplyDoesNotCount() {
    var proof =
        proof(
            List.of(written(10), synced(20, 30), replied(60)),
            List.of(written(15), synced(25, 40)));

    assertEquals(List.of(1), proof.synced());
    assertTrue(proof.problems().getFirst().contains("synced on 1 of 3"), proof::toString);
  }

  @Test
  void aSyncFromBeforeTheWriteDoesNotCount() {
    var proof =
        proof(
            List.of(written(10), synced(20, 30), replied(60)), List.of(synced(12, 1), written(15)));

    assertEquals(List.of(1), proof.synced());
  }

  @Test
  void aSyncOfWhichIsNotKnownWhenItReturnedDoesNotCount() {
    var unknown = at(25, "fdatasync(" + LOG + ") = 0");
    var proof =
        proof(List.of(written(10), synced(20, 30), replied(60)), List.of(written(15), unknown));

    assertEquals(List.of(1), proof.synced());
  }

  @Test
  void followsCallsThatAreInterrupted() {
    var proof =
        proof(
            List.of(written(10), synced(20, 30), replied(60)),
            List.of(
                written(15),
                at(25, "fdatasync(" + LOG + " <unfinished ...>"),
                "101 1795264507.030000 fsync(7</x>) = 0 <0.000001>",
                at(50, "<... fdatasync resumed>) = 0 <0.025000>")));

    assertEquals(List.of(2), proof.synced());
  }

  @Test
  void wantsOneReplyForEachWrite() {
    var proof = proof(List.of(written(10), synced(20, 30)), List.of());

    assertTrue(proof.problems().getFirst().contains("expected: 1"), proof::toString);
  }
}
