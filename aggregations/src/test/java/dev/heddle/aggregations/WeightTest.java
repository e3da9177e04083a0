package dev.heddle.aggregations;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.function.Aggregation;
import dev.heddle.function.Aggregation.Step;
import dev.heddle.function.Aggregation.Unit;
import dev.heddle.function.JsonObject;
import dev.heddle.function.Query;
import dev.heddle.function.ScatterRequest;
import dev.heddle.function.Shard.FieldKind;
import dev.heddle.function.Sort;
import dev.heddle.function.testkit.InMemoryShard;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.ref.Reference;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;

/** What partials say that they weigh, beside what many of them take of the heap. */
class WeightTest {
  private static final int SHARDS = 4;

  /** All copies together: what else the JVM does is little beside it. */
  private static final long MEASURED_BYTES = 6L << 20;

  private static final int MEASUREMENTS = 3;
  private static final double TOLERANCE = 0.1;
  private static final String HEX = "0123456789abcdef";

  private final long seed = new Random().nextLong();

  /** Documents with keys of a kind, each of them in about two shards. */
  private List<InMemoryShard> shards(int documents, Supplier<String> key) {
    var random = new Random(seed);
    var keys = new ArrayList<String>();
    for (int i = 0; i < documents / 2; i++) {
      keys.add(key.get());
    }
    var shards = new ArrayList<InMemoryShard>();
    for (int number = 0; number < SHARDS; number++) {
      var shard =
          InMemoryShard.builder("weighed", number)
              .segmentSize(100)
              .field("title", FieldKind.TEXT)
              .field("key", FieldKind.KEYWORD)
              .field("group", FieldKind.KEYWORD)
              .field("n", FieldKind.LONG)
              .field("d", FieldKind.DOUBLE)
              .field("at", FieldKind.DATE)
              .field("place", FieldKind.GEO_POINT);
      for (int i = 0; i < documents / SHARDS; i++) {
        var fields = new LinkedHashMap<String, Object>();
        fields.put("title", "warp and weft " + i);
        fields.put("key", keys.get(random.nextInt(keys.size())));
        fields.put("group", "group" + random.nextInt(20));
        fields.put("n", 1_000 + random.nextInt(100_000));
        fields.put("d", random.nextGaussian() * 1e6);
        fields.put("at", "%d-06-01T00:00:00Z".formatted(1900 + random.nextInt(120)));
        fields.put(
            "place",
            Map.of("lat", random.nextDouble() * 160 - 80, "lon", random.nextDouble() * 360 - 180));
        shard.document("document-" + number + "-" + i, fields);
      }
      shards.add(shard.build());
    }
    return shards;
  }

  private static Supplier<String> hex(Random random, int length) {
    return () -> {
      var text = new StringBuilder();
      for (int i = 0; i < length; i++) {
        text.append(HEX.charAt(random.nextInt(HEX.length())));
      }
      return text.toString();
    };
  }

  private List<InMemoryShard> shards(int documents, int keyLength) {
    return shards(documents, hex(new Random(seed + 1), keyLength));
  }

  private static ScatterRequest request(
      int k, List<Sort> sort, Map<String, Aggregation> aggs, Optional<List<String>> highlight) {
    return new ScatterRequest(
        new Query.Match("warp", List.of("title"), false),
        k,
        List.of("title"),
        sort,
        aggs,
        highlight,
        1_000,
        JsonObject.EMPTY);
  }

  private static ScatterRequest aggs(Aggregation aggregation) {
    return request(0, List.of(), Map.of("a", aggregation), Optional.empty());
  }

  /** As a coordinator has them: decoded, and merged as far as there are several. */
  private static final class Side {
    private final SearchFunction function = new SearchFunction();
    private final List<byte[]> encoded = new ArrayList<>();

    Side(ScatterRequest request, List<InMemoryShard> shards) throws IOException {
      var query = function.prepare(request);
      for (var shard : shards) {
        var bytes = new ByteArrayOutputStream();
        var partial = function.complete(query, function.leaf(query, shard));
        function.codec().write(partial, new DataOutputStream(bytes));
        encoded.add(bytes.toByteArray());
      }
    }

    private SearchPartial decoded(int number) throws IOException {
      return function
          .codec()
          .read(new DataInputStream(new ByteArrayInputStream(encoded.get(number))));
    }

    /**
     * @param asked whether the weight is asked for all along, and so brought up to date by merges
     */
    SearchPartial merged(int count, boolean asked) throws IOException {
      var merged = decoded(0);
      for (int i = 1; i < count; i++) {
        if (asked) {
          assertTrue(merged.weight() > 0);
        }
        merged = function.merge(merged, decoded(i));
      }
      return merged;
    }
  }

  private static long used() {
    System.gc();
    return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
  }

  private static long taken(Side side, int count, Object[] held) throws IOException {
    long before = used();
    try {
      for (int copy = 0; copy < held.length; copy++) {
        held[copy] = side.merged(count, true);
      }
      return used() - before;
    } finally {
      Reference.reachabilityFence(held);
    }
  }

  /** What a partial takes; measured again where something else in the JVM may have come between. */
  private static double measured(Side side, int count, int copies, long said) throws IOException {
    double each = 0;
    for (int i = 0; i < MEASUREMENTS && Math.abs(said / each - 1) > TOLERANCE; i++) {
      each = (double) taken(side, count, new Object[copies]) / copies;
    }
    return each;
  }

  private void weigh(String what, ScatterRequest request, List<InMemoryShard> shards)
      throws IOException {
    var side = new Side(request, shards);
    for (int count : new int[] {1, shards.size()}) {
      long weight = side.merged(count, false).weight();
      assertEquals(weight, side.merged(count, true).weight(), what + ": by its changes");
      double measured = measured(side, count, (int) Math.max(50, MEASURED_BYTES / weight), weight);
      var said =
          "%s of %d shards: %d bytes said, %.0f taken, %d encoded; seed %d"
              .formatted(what, count, weight, measured, side.encoded.getFirst().length, seed);
      assertEquals(1, weight / measured, TOLERANCE, said);
    }
  }

  private void weigh(String what, Aggregation aggregation, List<InMemoryShard> shards)
      throws IOException {
    weigh(what, aggs(aggregation), shards);
  }

  @Test
  void termsWeighWhatTheirKeysAndCountsTake() throws IOException {
    for (int length : new int[] {1, 8, 36, 200}) {
      weigh(
          "terms of " + length,
          new Aggregation.Terms("key", 1_000, Map.of()),
          shards(2_000, length));
    }
    var random = new Random(seed);
    weigh(
        "terms of other scripts",
        new Aggregation.Terms("key", 500, Map.of()),
        shards(
            1_000, () -> "ткань" + random.nextInt(1_000_000) + (random.nextBoolean() ? "织" : "é")));
  }

  @Test
  void numbersAsKeysWeighWhatTheyTake() throws IOException {
    var shards = shards(2_000, 8);
    weigh("histogram", new Aggregation.Histogram("n", 100, 0, Map.of()), shards);
    weigh(
        "date histogram",
        new Aggregation.DateHistogram(
            "at", new Step.Calendar(Unit.YEAR, ZoneId.of("UTC")), Map.of()),
        shards);
    weigh("tiles", new Aggregation.GeoGrid("place", 8, 300, Map.of()), shards);
    weigh("ranges", new Aggregation.Ranges("n", ranges(), Map.of()), shards);
  }

  private static List<Aggregation.Ranges.Bucket> ranges() {
    return List.of(
        new Aggregation.Ranges.Bucket("low", null, 10_000.0),
        new Aggregation.Ranges.Bucket("middle", 10_000.0, 50_000.0),
        new Aggregation.Ranges.Bucket("high", 50_000.0, null));
  }

  @Test
  void figuresWeighWhatTheyTake() throws IOException {
    weigh("stats of longs", new Aggregation.Stats("n"), shards(200, 8));
    weigh("stats of doubles", new Aggregation.Stats("d"), shards(200, 8));
    for (int documents : new int[] {4, 40, 400, 4_000}) {
      var shards = shards(documents, 8);
      for (double error : new double[] {0.1, 0.02}) {
        var of = " with " + error + " of " + documents + " documents";
        weigh("cardinality" + of, new Aggregation.Cardinality("key", error), shards);
        weigh("quantiles" + of, new Aggregation.Quantiles("n", List.of(50.0), error), shards);
      }
    }
  }

  @Test
  void hitsWeighWhatTheyTake() throws IOException {
    var shards = shards(800, 8);
    weigh("hits", request(50, List.of(), Map.of(), Optional.of(List.of())), shards);
    weigh("highlights", request(50, List.of(), Map.of(), Optional.empty()), shards);
    weigh(
        "sorted hits",
        request(
            50,
            List.of(new Sort("key", true), new Sort("n", false), new Sort("d", false)),
            Map.of(),
            Optional.of(List.of())),
        shards);
  }

  @Test
  void whatIsWithinBucketsWeighsWhatItTakes() throws IOException {
    var shards = shards(2_000, 36);
    for (var inner :
        List.<Aggregation>of(
            new Aggregation.TopHits(3, List.of(new Sort("n", false)), List.of("title")),
            new Aggregation.Stats("d"),
            new Aggregation.Stats("n"),
            new Aggregation.Cardinality("n", 0.05),
            new Aggregation.Quantiles("d", List.of(50.0), 0.05),
            new Aggregation.Terms("group", 10, Map.of()))) {
      var kind = inner.getClass().getSimpleName();
      weigh("terms of " + kind, new Aggregation.Terms("key", 20, Map.of("i", inner)), shards);
      weigh("few terms of " + kind, new Aggregation.Terms("group", 20, Map.of("i", inner)), shards);
      weigh("ranges of " + kind, new Aggregation.Ranges("n", ranges(), Map.of("i", inner)), shards);
    }
  }
}
