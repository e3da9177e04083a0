package dev.heddle.aggregations;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.function.Query;
import dev.heddle.function.Shard.FieldKind;
import dev.heddle.function.testkit.InMemoryShard;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

final class TermsCounterTest {
  private final long seed = new Random().nextLong();

  @Test
  void keepsTheMostFrequentTermsOfASegmentWithinTheBound() {
    var random = new Random(seed);
    var truth = new HashMap<String, Long>();
    var shard = InMemoryShard.builder("d", 0).field("tag", FieldKind.KEYWORD).segmentSize(700);
    for (int i = 0; i < 2000; i++) {
      var tag = "tag" + (int) (300 * Math.pow(random.nextDouble(), 3));
      truth.merge(tag, 1L, Long::sum);
      shard.document("d" + i, Map.of("tag", tag));
    }
    for (int keep : new int[] {1, 2, 10, 50, 1000}) {
      var counter = new TermsCounter("tag", keep);
      shard.build().forEach(new Query.All(), new TallyCollector(counter));
      var partial = counter.partial(0);
      var terms = ((Keys.Text) partial.keys()).values();
      assertEquals(2000, partial.total());
      assertTrue(terms.length <= 3 * keep);
      assertEquals(keep == 1000, partial.unseen() == 0, () -> "seed " + seed);
      for (int i = 0; i < terms.length; i++) {
        long exact = truth.getOrDefault(terms[i], 0L);
        assertTrue(partial.counts()[i] <= exact, () -> "seed " + seed);
        assertTrue(exact <= partial.counts()[i] + partial.errors()[i], () -> "seed " + seed);
      }
      for (var entry : truth.entrySet()) {
        if (!List.of(terms).contains(entry.getKey())) {
          assertTrue(entry.getValue() <= partial.unseen(), () -> "seed " + seed);
        }
      }
    }
  }

  @Test
  void countsManyOrdinalsInPages() {
    var shard = InMemoryShard.builder("d", 0).field("tag", FieldKind.KEYWORD);
    for (int i = 0; i < 9000; i++) {
      shard.document("d" + i, Map.of("tag", "t" + i));
    }
    var counter = new TermsCounter("tag", 10_000);
    shard
        .build()
        .forEach(new Query.Range("tag", "t8000", null, "t8004", null), new TallyCollector(counter));
    assertEquals(
        List.of("t8000", "t8001", "t8002", "t8003", "t8004"),
        List.of(((Keys.Text) counter.partial(0).keys()).values()));
  }
}
