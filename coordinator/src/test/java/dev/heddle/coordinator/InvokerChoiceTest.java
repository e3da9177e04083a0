package dev.heddle.coordinator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.catalog.NodeRecord;
import dev.heddle.coordinator.InvokerChoice.Wanted;
import dev.heddle.coordinator.InvokerTable.Report;
import dev.heddle.coordinator.InvokerTable.Version;
import dev.heddle.coordinator.plan.LocalityScheduling;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class InvokerChoiceTest {
  private static final Version VERSION = new Version("default", "v");

  private final InvokerTable table = new InvokerTable();
  private final Random random = new Random(7);
  private final InvokerChoice choice =
      new InvokerChoice("locality", new LocalityScheduling(), table, () -> random);
  private final List<NodeRecord> leaves =
      IntStream.range(0, 4)
          .mapToObj(i ->
              new NodeRecord(
                  "leaf-" + i, "run", Set.of("leaf"), "127.0.0.1:" + (i + 1), "", "", ""))
          .toList();

  private String choose(String key) {
    return choose(leaves, key).leaf().node();
  }

  private InvokerChoice.Chosen choose(List<NodeRecord> among, String key) {
    return choice.choose(among, new Wanted(VERSION, key, false, Set.of()));
  }

  @Test
  void spreadsKeysEvenlyAndMovesOnlyThoseOfALeafThatGoes() {
    Map<String, Integer> counts = new HashMap<>();
    int moved = 0;
    for (int key = 0; key < 4_000; key++) {
      String home = choose("key-" + key);
      counts.merge(home, 1, Integer::sum);
      String without = choose(leaves.subList(0, 3), "key-" + key).leaf().node();
      if (home.equals("leaf-3")) {
        assertNotEquals(home, without);
        moved++;
      } else {
        assertEquals(home, without);
      }
    }
    counts.values().forEach(count -> assertTrue(count > 850 && count < 1_150, counts::toString));
    assertEquals(counts.get("leaf-3"), moved);
  }

  @Test
  void aKeyLeavesALeafThatHasFarMoreToDo() {
    String home = choose("key");
    table.told(home, new Report(Map.of(), 8, 0));
    assertEquals(home, choose("key"));
    table.told(home, new Report(Map.of(), 9, 0));
    assertNotEquals(home, choose("key"));
  }

  @Test
  void prefersCodeThatIsThereUntilEventsWaitForIt() {
    table.told("leaf-2", new Report(Map.of(VERSION, 1), 50, 0));
    for (int i = 0; i < 50; i++) {
      assertEquals("leaf-2", choose(""));
    }
    table.told("leaf-2", new Report(Map.of(VERSION, 0), 50, 1));
    for (int i = 0; i < 50; i++) {
      assertNotEquals("leaf-2", choose(""));
    }
  }

  @Test
  void ofTwoAtRandomTakesTheLessBusyOne() {
    try (var _ = table.sent("leaf-0");
        var _ = table.sent("leaf-1");
        var _ = table.sent("leaf-2")) {
      int idle = 0;
      for (int i = 0; i < 1_000; i++) {
        idle += choose("").equals("leaf-3") ? 1 : 0;
      }
      // It is among the two in half of the draws, and then always wins.
      assertTrue(idle > 430 && idle < 570, "idle " + idle);
    }
    assertEquals(0, table.load("leaf-0"));
  }

  @Test
  void goesWhereTheDataIsUnlessThatHasFarMoreToDo() {
    var wanted = new Wanted(VERSION, "", true, Set.of("leaf-1"));
    for (int i = 0; i < 50; i++) {
      assertEquals("leaf-1", choice.choose(leaves, wanted).leaf().node());
    }
    table.told("leaf-1", new Report(Map.of(), 7, 0));
    for (int i = 0; i < 50; i++) {
      assertNotEquals("leaf-1", choice.choose(leaves, wanted).leaf().node());
    }
  }

  @Test
  void saysWhatSpokeForTheLeaf() {
    table.told("leaf-2", new Report(Map.of(VERSION, 1), 3, 0));
    var chosen = choose(leaves, "");
    assertEquals(
        "locality session=none code=idle data=none load=3 least=0 leaves=4", chosen.text());
    var near = new Wanted(VERSION, "k", true, Set.of("leaf-0"));
    var home = choice.choose(leaves.subList(0, 1), near);
    assertEquals("locality session=home code=cold data=here load=0 least=0 leaves=1", home.text());
  }

  @Test
  void aPolicyThatChoosesNobodyIsAnErrorThatNamesIt() {
    for (int place : new int[] {-1, 4}) {
      var broken = new InvokerChoice("mine", (candidates, any) -> place, table, () -> random);
      var failure =
          assertThrows(
              HeddleException.class,
              () -> broken.choose(leaves, new Wanted(VERSION, "", false, Set.of())));
      assertEquals(ErrorCode.INTERNAL, failure.code());
      assertEquals(
          "scheduling: policy mine chose place " + place + " (expected: 0..3)",
          failure.getMessage());
    }
    var failing =
        new InvokerChoice(
            "mine",
            (candidates, any) -> {
              throw new IllegalStateException("no");
            },
            table,
            () -> random);
    assertThrows(
        HeddleException.class,
        () -> failing.choose(leaves, new Wanted(VERSION, "", false, Set.of())));
  }

  @Test
  void forgetsLeavesThatAreGone() {
    table.told("leaf-0", new Report(Map.of(VERSION, 1), 3, 0));
    table.retain(List.of("leaf-1"));
    assertEquals(0, table.load("leaf-0"));
    table.told("leaf-1", new Report(Map.of(VERSION, 1), 3, 0));
    table.lost("leaf-1");
    assertEquals(0, table.load("leaf-1"));
  }
}
