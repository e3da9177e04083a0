package dev.heddle.catalog;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.catalog.CatalogState.RawChange;
import dev.heddle.catalog.Command.Call;
import dev.heddle.catalog.Command.Lease;
import dev.heddle.catalog.Command.Limits;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.replication.LogPosition;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(300)
class CatalogReplicaTest {
  private static final String CLUSTER = "6a7d2b0e-95b7-4c09-8d7b-0f6a1f3c2d11";
  private static final UUID CLIENT = new UUID(1, 2);

  private final List<String> told = new ArrayList<>();
  private final List<CatalogHome> homes = new ArrayList<>();

  @TempDir Path directory;
  private CatalogHome home;

  @BeforeEach
  void open() {
    home = home("a");
  }

  @AfterEach
  void close() {
    homes.forEach(CatalogHome::close);
  }

  private CatalogHome home(String name) {
    CatalogHome opened = CatalogHome.open(directory.resolve(name));
    homes.add(opened);
    return opened;
  }

  private CatalogReplica replica(CatalogHome at, CatalogReplica.Fetch fetch) {
    return new CatalogReplica(
        at,
        CLUSTER,
        new CatalogReplica.Listener() {
          @Override
          public void stepped(Step step) {
            told.add("stepped " + step.after().revision());
          }

          @Override
          public void replaced() {
            told.add("replaced");
          }

          @Override
          public void changed() {
            told.add("changed");
          }
        },
        fetch);
  }

  private CatalogReplica replica() throws IOException {
    CatalogReplica replica =
        replica(
            home,
            (leader, first) -> {
              throw new HeddleException(ErrorCode.UNAVAILABLE, "nobody");
            });
    replica.open();
    return replica;
  }

  private static RawChange put(String name, String text, OptionalLong expected) {
    AppRecord app = Records.app(name, text);
    return new RawChange(app.key(), Optional.of(CatalogJson.write(app)), expected);
  }

  private static Command.Write write(Optional<Call> call, RawChange... changes) {
    return new Command.Write(call, List.of(changes), Limits.NONE);
  }

  private static Command.Write write(String name, String text) {
    return write(Optional.empty(), put(name, text, OptionalLong.empty()));
  }

  private static Command.Grant grant(String node, String incarnation) {
    return new Command.Grant(
        node, incarnation, CatalogJson.write(Records.node(node, incarnation)), 3_000, Limits.NONE);
  }

  private static Outcome apply(CatalogReplica replica, long index, Command command)
      throws IOException {
    return replica.apply(new LogPosition(1, index), CatalogWire.bytes(command), null);
  }

  private static void refused(ErrorCode code, Outcome outcome) {
    Outcome.Refused refused = assertInstanceOf(Outcome.Refused.class, outcome);
    assertSame(code, refused.code(), refused.message());
  }

  private static String text(CatalogReplica replica, String app) {
    return CatalogView.empty()
        .with(replica.state().snapshot())
        .app("default", app)
        .map(AppRecord::yaml)
        .orElse("");
  }

  @Test
  void commandsSurviveTheLog() throws Exception {
    List<Command> commands =
        List.of(
            write(Optional.of(new Call(CLIENT, 7)), put("a", "1", OptionalLong.of(0))),
            write(
                Optional.empty(),
                new RawChange("app/default/a", Optional.empty(), OptionalLong.empty())),
            new Command.Grant("n", "1", "{}", 3, new Limits(5, 6)),
            new Command.End(List.of(new Lease("n", "1", 0), new Lease("m", "2", 9))));
    for (Command command : commands) {
      assertEquals(command, CatalogWire.command(CatalogWire.bytes(command)));
    }
    assertThrows(IOException.class, () -> CatalogWire.command(new byte[0]));
    assertThrows(IOException.class, () -> CatalogWire.command(new byte[] {1, 2, 3}));
  }

  @Test
  void whatWasAppliedStaysAcrossARestartAndTheRestIsAppliedAgain() throws Exception {
    CatalogReplica replica = replica();
    assertEquals(LogPosition.NONE, replica.durable());
    apply(replica, 0, write("a", "1"));
    apply(replica, 1, grant("n", "1"));
    replica.advanced(new LogPosition(2, 2));
    replica.write();
    assertEquals(new LogPosition(2, 2), replica.durable());
    assertEquals(0, replica.unwritten().entries());
    apply(replica, 3, write("a", "2"));
    assertEquals(1, replica.unwritten().entries());
    assertTrue(replica.unwritten().bytes() > 0);
    CatalogState before = replica.state();

    CatalogReplica again = replica();
    assertEquals(new LogPosition(2, 2), again.open());
    assertEquals("1", text(again, "a"));
    assertEquals(1, again.state().nodes().size());
    apply(again, 3, write("a", "2"));
    assertEquals(before, again.state());
  }

  @Test
  void aCallIsDoneOnceAlsoAfterARestart() throws Exception {
    CatalogReplica replica = replica();
    Command.Write first =
        write(Optional.of(new Call(CLIENT, 1)), put("a", "1", OptionalLong.of(0)));
    assertEquals(new Outcome.Done(2, 1), apply(replica, 0, first));
    apply(replica, 1, write("a", "2"));
    assertEquals(new Outcome.Done(2, 0), apply(replica, 2, first));
    replica.write();
    CatalogReplica again = replica();
    assertEquals(new Outcome.Done(2, 0), apply(again, 3, first));
    assertEquals("2", text(again, "a"));
    refused(
        ErrorCode.REVISION_CONFLICT,
        apply(
            again, 4, write(Optional.of(new Call(CLIENT, 2)), put("a", "3", OptionalLong.of(0)))));
    // What was refused changed nothing: it may be decided anew.
    apply(
        again,
        5,
        write(
            Optional.empty(),
            new RawChange("app/default/a", Optional.empty(), OptionalLong.empty())));
    assertEquals(
        new Outcome.Done(5, 1),
        apply(
            again, 6, write(Optional.of(new Call(CLIENT, 2)), put("a", "3", OptionalLong.of(0)))));
    for (int i = 0; i < RecentCalls.MOST; i++) {
      apply(
          again,
          7 + i,
          write(Optional.of(new Call(new UUID(3, 4), i)), put("b", "" + i, OptionalLong.empty())));
    }
    refused(ErrorCode.REVISION_CONFLICT, apply(again, 2_000, first));
  }

  @Test
  void leasesEndOnlyAsTheyWereSeen() throws Exception {
    CatalogReplica replica = replica();
    apply(replica, 0, grant("n", "1"));
    assertEquals(
        new Outcome.Done(2, 0),
        apply(replica, 1, new Command.End(List.of(new Lease("n", "2", 0)))));
    apply(replica, 2, grant("n", "1"));
    assertEquals(
        new Outcome.Done(3, 0),
        apply(replica, 3, new Command.End(List.of(new Lease("n", "1", 2)))));
    assertEquals(
        new Outcome.Done(4, 1),
        apply(replica, 4, new Command.End(List.of(new Lease("n", "1", 3)))));
    assertTrue(replica.state().nodes().isEmpty());
    assertEquals(List.of("stepped 2", "stepped 3", "stepped 4"), told);
  }

  @Test
  void theLimitsOfTheEntryCountNotThoseOfTheMember() throws Exception {
    CatalogReplica replica = replica();
    apply(replica, 0, write("a", "1"));
    refused(
        ErrorCode.LIMIT_REACHED,
        apply(
            replica,
            1,
            new Command.Write(
                Optional.empty(),
                List.of(put("b", "1", OptionalLong.empty())),
                new Limits(1, 1_000))));
    refused(
        ErrorCode.LIMIT_REACHED,
        apply(replica, 2, new Command.Grant("n", "1", "x".repeat(99), 3, new Limits(9, 99))));
  }

  @Test
  void membersThatApplyTheSameAreTheSame() throws Exception {
    long seed = System.nanoTime();
    System.out.println("seed " + seed);
    Random random = new Random(seed);
    CatalogReplica one = replica();
    CatalogReplica two = replica(home("b"), (leader, first) -> LogPosition.NONE);
    two.open();
    for (int i = 0; i < 500; i++) {
      Command command =
          switch (random.nextInt(5)) {
            case 0 -> grant("n" + random.nextInt(3), "" + random.nextInt(5));
            case 1 ->
                new Command.End(
                    List.of(
                        new Lease(
                            "n" + random.nextInt(3), "" + random.nextInt(5), random.nextInt(2))));
            default ->
                write(
                    random.nextBoolean()
                        ? Optional.empty()
                        : Optional.of(new Call(CLIENT, random.nextInt(20))),
                    put(
                        "a" + random.nextInt(4),
                        "" + i,
                        random.nextBoolean()
                            ? OptionalLong.empty()
                            : OptionalLong.of(random.nextInt(100))));
          };
      Outcome outcome = apply(one, i, command);
      assertEquals(outcome, apply(two, i, command), "seed " + seed);
      assertEquals(one.state(), two.state(), "seed " + seed);
      if (random.nextInt(50) == 0) {
        one.write();
        one = replica();
        assertEquals(two.state(), one.state(), "seed " + seed);
      }
    }
  }

  @Test
  void theFileSaysWhatItHoldsALineAnEntry() throws Exception {
    CatalogReplica replica = replica();
    apply(replica, 0, write(Optional.of(new Call(CLIENT, 9)), put("a", "1", OptionalLong.of(0))));
    apply(replica, 1, write("b", "2"));
    replica.write();
    List<String> lines = Files.readAllLines(home.state());
    assertEquals(3, lines.size());
    assertEquals(
        "{\"format\":2,\"clusterId\":\""
            + CLUSTER
            + "\",\"revision\":3,\"term\":1,\"index\":1,\"calls\":[{\"client\":\""
            + CLIENT
            + "\",\"call\":9,\"revision\":2}],\"entries\":[",
        lines.getFirst());
    assertTrue(lines.get(1).contains("\"key\":\"app/default/a\""), lines.get(1));
  }

  @Test
  void aFileThatWasCutOffWhileWrittenLeavesTheOldState() throws Exception {
    CatalogReplica replica = replica();
    apply(replica, 0, write("a", "1"));
    replica.write();
    byte[] stored = Files.readAllBytes(home.state());
    Path half = home.state().resolveSibling("state.json.tmp");
    Files.write(half, Arrays.copyOf(stored, stored.length / 2));
    Files.write(home.fetched(), new byte[] {'{'});
    CatalogReplica again = replica();
    assertEquals("1", text(again, "a"));
    assertTrue(Files.notExists(home.fetched()));
    apply(again, 1, write("a", "2"));
    again.write();
    assertEquals("2", text(replica(), "a"));
  }

  @Test
  void aDamagedFileIsRefusedAndLeftAsItIs() throws Exception {
    CatalogReplica replica = replica();
    apply(
        replica,
        0,
        write(
            Optional.of(new Call(CLIENT, 1)),
            put("a", "1", OptionalLong.empty()),
            put("b", "2", OptionalLong.empty())));
    apply(replica, 1, grant("n", "1"));
    replica.write();
    String good = Files.readString(home.state());
    List<String> damaged = new ArrayList<>();
    for (int length = 0; length < good.length() - 1; length += 7) {
      damaged.add(good.substring(0, length));
    }
    damaged.add(good + "x");
    damaged.add(good.replace("\"format\":2", "\"format\":3"));
    damaged.add(good.replace(CLUSTER, CLUSTER.replace('6', '7')));
    damaged.add(good.replace(CLIENT.toString(), "nobody"));
    damaged.add(good.replace("\"index\":1", "\"index\":\"1\""));
    damaged.add(good.replace("\"revision\":3", "\"revision\":1"));
    damaged.add(good.replace("app/default/b", "app/default/a"));
    damaged.add(good.replace("\"yaml\"", "\"jaml\""));
    damaged.add(good.replace("\"ttlMillis\":3000", "\"ttlMillis\":\"3000\""));
    for (String content : damaged) {
      assertNotEquals(good, content);
      byte[] bytes = content.getBytes(StandardCharsets.UTF_8);
      Files.write(home.state(), bytes);
      HeddleException refused = assertThrows(HeddleException.class, this::replica, content);
      assertSame(ErrorCode.STORAGE_FAILED, refused.code());
      assertTrue(refused.getMessage().contains("left as it is"), refused.getMessage());
      assertArrayEquals(bytes, Files.readAllBytes(home.state()));
    }
    Files.writeString(home.state(), good);
    assertEquals("2", text(replica(), "b"));
  }

  @Test
  void aStateThatCannotBeWrittenStaysInTheLog() throws Exception {
    CatalogReplica replica = replica();
    apply(replica, 0, write("a", "1"));
    Path blocker = Files.createDirectory(home.state().resolveSibling("state.json.tmp"));
    HeddleException failure = assertThrows(HeddleException.class, replica::write);
    assertSame(ErrorCode.STORAGE_FAILED, failure.code());
    assertEquals(LogPosition.NONE, replica.durable());
    assertEquals(1, replica.unwritten().entries());
    Files.delete(blocker);
    replica.write();
    assertEquals(new LogPosition(1, 0), replica.durable());
  }

  @Test
  void aFetchedStateTakesThePlaceOfTheOldOne() throws Exception {
    CatalogHome other = home("b");
    CatalogReplica ahead = replica(other, (leader, first) -> LogPosition.NONE);
    ahead.open();
    Command.Write once =
        write(Optional.of(new Call(CLIENT, 1)), put("a", "new", OptionalLong.empty()));
    apply(ahead, 41, once);
    ahead.write();
    CatalogReplica behind =
        replica(
            home,
            (leader, first) -> {
              assertEquals("leader", leader);
              assertEquals(new LogPosition(1, 30), first);
              try {
                Files.copy(other.state(), home.fetched());
              } catch (IOException e) {
                throw new HeddleException(ErrorCode.STORAGE_FAILED, e.toString(), e);
              }
              return new LogPosition(1, 41);
            });
    behind.open();
    apply(behind, 0, write("a", "old"));
    behind.write();
    assertEquals(new LogPosition(1, 41), behind.fetch("leader", new LogPosition(1, 30)).get());
    assertEquals("old", text(behind, "a"), "only beside the present one");
    told.clear();
    assertEquals(new LogPosition(1, 41), behind.installed());
    assertEquals(List.of("replaced"), told);
    assertEquals("new", text(behind, "a"));
    assertEquals(new LogPosition(1, 41), behind.durable());
    assertEquals(new Outcome.Done(2, 0), apply(behind, 42, once));
    assertEquals("new", text(replica(), "a"));
    assertThrows(IOException.class, behind::installed);
  }

  @Test
  void aFetchThatFailsSaysSo() throws Exception {
    CatalogReplica replica = replica();
    ExecutionException failure =
        assertThrows(
            ExecutionException.class, () -> replica.fetch("leader", new LogPosition(1, 30)).get());
    assertInstanceOf(HeddleException.class, failure.getCause());
  }
}
