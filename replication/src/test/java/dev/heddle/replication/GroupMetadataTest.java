package dev.heddle.replication;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.process.testing.Eventually;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.apache.ratis.proto.RaftProtos.RaftConfigurationProto;
import org.apache.ratis.proto.RaftProtos.RaftPeerProto;
import org.apache.ratis.thirdparty.com.google.protobuf.ByteString;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Files of a group as a full disk leaves them: Ratis puts empty ones in their place. */
@Timeout(300)
final class GroupMetadataTest extends RaftNodes {
  private static final Clock CLOCK = Clock.systemUTC();

  private Path file(String node, String name) {
    return directory.resolve(node).resolve(id.toString()).resolve(name);
  }

  private boolean inOneTerm(long atLeast) {
    return groups.values().stream().anyMatch(group -> group.status().leading())
        && groups.values().stream().map(group -> group.status().term()).distinct().count() == 1
        && groups.values().stream().allMatch(group -> group.status().term() >= atLeast);
  }

  private String follower() {
    String leader = leader();
    return groups.keySet().stream().filter(name -> !name.equals(leader)).findFirst().orElseThrow();
  }

  @Test
  void aMemberWhoseTermWasLostGoesOnInOneInWhichItHasNotVoted() throws Exception {
    start("a");
    open("a", "a");
    write("a", "one");
    group("a").close();
    long before = CLOCK.millis();
    Files.writeString(file("a", "current/raft-meta"), "");

    open("a");

    write("a", "two");
    assertTrue(group("a").status().term() > before);
    assertEquals(List.of("one", "two"), replica("a").lines);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "#\n#Sat Nov 21",
        "term=1x\nvotedFor=a\n",
        "votedFor=a\n",
        "term=9\n",
        "votedFor=a\nterm=9",
        "\\u00\n"
      })
  void whateverIsLeftOfATermIsNotTakenForOne(String left) throws Exception {
    Path current = Files.createDirectories(directory.resolve("current"));
    Files.writeString(current.resolve("raft-meta"), left);
    GroupMetadata metadata = new GroupMetadata(directory);
    assertFalse(metadata.hasTerm(0));
    metadata.repair(7, 1);
    assertTrue(metadata.hasTerm(7));
  }

  @Test
  void aTermThatIsThereStays() throws Exception {
    Path current = Files.createDirectories(directory.resolve("current"));
    Files.writeString(current.resolve("raft-meta"), "#\nterm=12\nvotedFor=a\n");
    new GroupMetadata(directory).repair(7, 1_000);
    assertEquals("#\nterm=12\nvotedFor=a\n", Files.readString(current.resolve("raft-meta")));
  }

  @Test
  void aTermThatWasGivenSoIsNotGivenTwice() throws Exception {
    start("a");
    open("a", "a");
    write("a", "one");
    group("a").close();
    GroupMetadata metadata = new GroupMetadata(file("a", ""));
    long last = 0;
    for (int i = 0; i < 3; i++) {
      Files.writeString(file("a", "current/raft-meta"), "");
      metadata.repair(last, 1_000);
      assertTrue(metadata.hasTerm(last + 1));
      // Elections of others, which it heard of.
      last += 1L << 25;
    }
  }

  @Test
  void aGroupThatBeginsAnewHasNoMembersOfBefore() throws Exception {
    GroupMetadata metadata = new GroupMetadata(directory);
    metadata.keep(3, 100, members("a", "b"));
    metadata.repair(0, 1);
    assertFalse(Files.exists(directory.resolve("members")));
  }

  @Test
  void theOthersFollowItIntoItsTerm() throws Exception {
    startThree();
    write("one");
    String follower = follower();
    Eventually.eventually("has it", () -> replica(follower).lines.equals(List.of("one")));
    group(follower).close();
    long before = CLOCK.millis();
    Files.writeString(file(follower, "current/raft-meta"), "");

    open(follower);

    Eventually.eventually("one leader", () -> inOneTerm(before));
    write("two");
    for (String node : groups.keySet()) {
      Eventually.eventually("alike", () -> replica(node).lines.equals(List.of("one", "two")));
    }
  }

  @Test
  void membersThatWereLostAreTakenFromTheirCopy() throws Exception {
    startThree();
    write("one");
    String follower = follower();
    Eventually.eventually("has it", () -> replica(follower).lines.equals(List.of("one")));
    group(follower).close();
    Path members = file(follower, "current/raft-meta.conf");
    byte[] sound = Files.readAllBytes(members);
    GroupMetadata metadata = new GroupMetadata(file(follower, ""));

    for (byte[] left : List.of(new byte[0], new byte[] {10, 99})) {
      Files.write(members, left);
      metadata.repair(0, 1);
      assertArrayEquals(sound, Files.readAllBytes(members));
    }
    Files.delete(members);
    metadata.repair(0, 1);
    assertArrayEquals(sound, Files.readAllBytes(members));

    open(follower);
    assertEquals(3, group(follower).status().members().size());
  }

  @Test
  void soundFilesStayAsTheyAre() throws Exception {
    start("a");
    open("a", "a");
    write("a", "one");
    group("a").close();
    List<Path> files =
        List.of(
            file("a", "members"),
            file("a", "current/raft-meta"),
            file("a", "current/raft-meta.conf"));
    List<String> before = files.stream().map(GroupMetadataTest::text).toList();
    new GroupMetadata(file("a", "")).repair(0, 1);
    assertEquals(before, files.stream().map(GroupMetadataTest::text).toList());
  }

  @Test
  void membersThatCannotBeCopiedAreCopiedBeforeTheLogIsCut() throws Exception {
    startThree();
    write("one");
    String leader = leader();
    String follower = follower();
    Eventually.eventually("has it", () -> replica(follower).lines.equals(List.of("one")));
    byte[] former = Files.readAllBytes(file(follower, "members"));
    Path inTheWay = Files.createDirectory(file(follower, "members.tmp"));

    // Whoever leads next tells the others who the members are.
    stop(leader);
    write("two");
    Eventually.eventually("has it", () -> replica(follower).lines.equals(List.of("one", "two")));
    assertArrayEquals(former, Files.readAllBytes(file(follower, "members")));
    replica(follower).store();
    assertThrows(ExecutionException.class, () -> group(follower).trim().get(60, TimeUnit.SECONDS));

    Files.delete(inTheWay);
    group(follower).trim().get(60, TimeUnit.SECONDS);
    assertArrayEquals(
        Files.readAllBytes(file(follower, "current/raft-meta.conf")),
        Files.readAllBytes(file(follower, "members")));
  }

  @Test
  void membersOfBeforeDoNotReplaceNewerOnes() throws Exception {
    GroupMetadata metadata = new GroupMetadata(directory);
    metadata.keep(3, 100, members("a", "b"));
    byte[] newest = Files.readAllBytes(directory.resolve("members"));
    metadata.keep(2, 50, members("a"));
    assertArrayEquals(newest, Files.readAllBytes(directory.resolve("members")));
  }

  private static RaftConfigurationProto members(String... names) {
    RaftConfigurationProto.Builder members = RaftConfigurationProto.newBuilder();
    for (String name : names) {
      members.addPeers(RaftPeerProto.newBuilder().setId(ByteString.copyFromUtf8(name)));
    }
    return members.build();
  }

  @Test
  void aClockThatIsBehindGivesNoTermThatWasThereBefore() throws Exception {
    Path current = Files.createDirectories(directory.resolve("current"));
    Files.writeString(current.resolve("raft-meta"), "");
    GroupMetadata metadata = new GroupMetadata(directory);
    metadata.keep(1, 0, members("a"));
    metadata.repair(5_000_000_000L, 1);
    assertTrue(metadata.hasTerm(5_000_000_001L));
  }

  @Test
  void whoNeverWasAMemberKeepsToATermThatItKnows() throws Exception {
    Path current = Files.createDirectories(directory.resolve("current"));
    Files.writeString(current.resolve("raft-meta"), "");
    GroupMetadata metadata = new GroupMetadata(directory);
    metadata.repair(7, CLOCK.millis());
    assertTrue(metadata.hasTerm(7));
    assertFalse(metadata.hasTerm(8));
  }

  @Test
  void aCandidateThatCannotWriteItsTermIsClosedAndStandsAgainOnceItCan() throws Exception {
    startThree();
    write("one");
    String leader = leader();
    String follower = follower();
    Eventually.eventually("has it", () -> replica(follower).lines.equals(List.of("one")));
    Path inTheWay = file(follower, "current/raft-meta.tmp");
    Files.createDirectories(inTheWay.resolve("full"));

    // The two that are left cannot elect one without the vote of the other.
    stop(leader);
    Eventually.eventually("closed", () -> group(follower).status().role() == Role.CLOSED);
    assertTrue(group(follower).status().failure().contains("could not be written"));

    group(follower).close();
    Files.delete(inTheWay.resolve("full"));
    open(follower);
    write("two");
    Eventually.eventually("alike", () -> replica(follower).lines.equals(List.of("one", "two")));
  }

  private static String text(Path file) {
    try {
      return Files.readString(file, java.nio.charset.StandardCharsets.ISO_8859_1);
    } catch (java.io.IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }
}
