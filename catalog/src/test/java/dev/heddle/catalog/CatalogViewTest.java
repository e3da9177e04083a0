package dev.heddle.catalog;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class CatalogViewTest {
  private static CatalogEntry entry(Object value, long revision) {
    return new CatalogEntry(CatalogKeys.of(value), CatalogJson.write(value), revision);
  }

  private static CatalogView view(long revision, Object... values) {
    List<CatalogEntry> entries = new ArrayList<>();
    for (Object value : values) {
      entries.add(entry(value, revision));
    }
    return CatalogView.empty().with(new CatalogUpdate(revision, true, entries, List.of()));
  }

  @Test
  void isEmptyAtFirst() {
    assertEquals(-1, CatalogView.empty().revision());
    assertTrue(CatalogView.empty().nodes().isEmpty());
    assertEquals(0, CatalogView.empty().revisionOf("app/default/a"));
  }

  @Test
  void findsRecordsAndKeepsTenantsApart() {
    CatalogView view =
        view(
            5,
            Records.dataset("a", "d1", 1),
            Records.dataset("a", "d0", 1),
            Records.dataset("a-b", "d2", 1),
            Records.dataset("a.b", "d3", 1),
            Records.function("f"),
            Records.app("x", ""),
            Records.node("n2", "1"),
            Records.node("n1", "1"));
    assertEquals(
        List.of("d0", "d1"), view.datasets("a").stream().map(DatasetRecord::name).toList());
    assertEquals(4, view.allDatasets().size());
    assertTrue(view.dataset("a", "d2").isEmpty());
    assertEquals("d2", view.datasetById("id-a-b-d2").orElseThrow().name());
    assertEquals(1, view.functions("default").size());
    assertTrue(view.function("default", "f").isPresent());
    assertEquals(1, view.apps("default").size());
    assertTrue(view.app("default", "x").isPresent());
    assertEquals(List.of("n1", "n2"), view.nodes().stream().map(NodeRecord::node).toList());
    assertEquals(2, view.nodesWith("leaf").size());
    assertTrue(view.nodesWith("gateway").isEmpty());
    assertTrue(view.node("n1").isPresent());
    assertEquals(5, view.revisionOf("node/n1"));
  }

  @Test
  void whatDoesNotChangeIsShared() {
    CatalogView before = view(5, Records.dataset("a", "d", 1), Records.app("x", "1"));
    CatalogView after =
        before.with(
            new CatalogUpdate(
                6, false, List.of(entry(Records.app("x", "2"), 6)), List.of("app/default/gone")));
    assertSame(before.dataset("a", "d").orElseThrow(), after.dataset("a", "d").orElseThrow());
    assertEquals("1", before.app("default", "x").orElseThrow().yaml());
    assertEquals("2", after.app("default", "x").orElseThrow().yaml());
    CatalogView again =
        after.with(
            new CatalogUpdate(9, true, List.of(entry(Records.dataset("a", "d", 1), 5)), List.of()));
    assertSame(after.dataset("a", "d").orElseThrow(), again.dataset("a", "d").orElseThrow());
    assertTrue(again.app("default", "x").isEmpty());
    CatalogView recreated =
        again.with(
            new CatalogUpdate(
                10, false, List.of(entry(Records.dataset("a", "d", 2), 10)), List.of()));
    assertNotSame(again.dataset("a", "d").orElseThrow(), recreated.dataset("a", "d").orElseThrow());
  }

  @Test
  void anEntryThatCannotBeReadIsLeftOut() {
    CatalogView before = view(5, Records.app("x", "1"), Records.app("y", "1"));
    CatalogView after =
        before.with(
            new CatalogUpdate(
                6, false, List.of(new CatalogEntry("app/default/x", "{}", 6)), List.of()));
    assertTrue(after.app("default", "x").isEmpty());
    assertTrue(after.app("default", "y").isPresent());
    assertEquals(6, after.revisionOf("app/default/x"));
  }

  @Test
  void stepByStepGivesWhatASnapshotGives() {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    TreeMap<String, CatalogEntry> model = new TreeMap<>();
    CatalogView view = view(1);
    for (int revision = 2; revision < 300; revision++) {
      List<CatalogEntry> changed = new ArrayList<>();
      List<String> removed = new ArrayList<>();
      String name = "n" + random.nextInt(10);
      Object value =
          switch (random.nextInt(4)) {
            case 0 -> Records.dataset("default", name, 1 + random.nextInt(3));
            case 1 -> Records.function(name);
            case 2 -> Records.node(name, "" + revision);
            default -> Records.app(name, "" + revision);
          };
      CatalogEntry entry = entry(value, revision);
      if (random.nextInt(3) == 0) {
        removed.add(entry.key());
        model.remove(entry.key());
      } else {
        changed.add(entry);
        model.put(entry.key(), entry);
      }
      view = view.with(new CatalogUpdate(revision, false, changed, removed));
      CatalogView whole =
          CatalogView.empty()
              .with(new CatalogUpdate(revision, true, List.copyOf(model.values()), List.of()));
      String hint = "seed " + seed + " revision " + revision;
      assertEquals(whole.datasets("default"), view.datasets("default"), hint);
      assertEquals(whole.functions("default"), view.functions("default"), hint);
      assertEquals(whole.apps("default"), view.apps("default"), hint);
      assertEquals(whole.nodes(), view.nodes(), hint);
      for (CatalogEntry one : model.values()) {
        assertEquals(one.revision(), view.revisionOf(one.key()), hint);
      }
      for (DatasetRecord dataset : view.allDatasets()) {
        assertSame(dataset, view.datasetById(dataset.id()).orElseThrow(), hint);
      }
    }
  }
}
