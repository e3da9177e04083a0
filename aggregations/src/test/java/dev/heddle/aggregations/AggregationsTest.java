package dev.heddle.aggregations;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.aggregations.AggregationResult.Bucket;
import dev.heddle.aggregations.AggregationResult.Buckets;
import dev.heddle.aggregations.AggregationResult.Cardinality;
import dev.heddle.aggregations.AggregationResult.Quantiles;
import dev.heddle.aggregations.AggregationResult.Stats;
import dev.heddle.aggregations.AggregationResult.TopHits;
import dev.heddle.function.Aggregation;
import dev.heddle.function.Aggregation.Step;
import dev.heddle.function.Aggregation.Unit;
import dev.heddle.function.BadRequestException;
import dev.heddle.function.JsonObject;
import dev.heddle.function.Query;
import dev.heddle.function.ScatterRequest;
import dev.heddle.function.Sort;
import dev.heddle.function.testkit.InMemoryShard;
import dev.heddle.function.testkit.ScatterLaws;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Every aggregation against a count by hand, over shards and segments of any size. */
final class AggregationsTest {
  private final long seed = new Random().nextLong();
  private final Library library = Library.random(400, seed);

  private static ScatterRequest request(Map<String, Aggregation> aggs) {
    return Library.request(new Query.All(), 0, List.of(), aggs);
  }

  private AggregationResult run(Aggregation aggregation) throws Exception {
    var result = Library.run(request(Map.of("x", aggregation)), library.shards(3, 60));
    return Objects.requireNonNull(result.aggs().get("x"));
  }

  private List<Bucket> buckets(Aggregation aggregation) throws Exception {
    return ((Buckets) run(aggregation)).buckets();
  }

  private String seed() {
    return "seed " + seed;
  }

  /** Books by what a function makes of a field's values; books without the field are left out. */
  private <K> NavigableMap<K, Integer> counted(String field, Function<Object, K> key) {
    var counts = new TreeMap<K, Integer>();
    for (var values : library.values(field)) {
      var keys = new HashSet<K>();
      values.forEach(value -> keys.add(key.apply(value)));
      keys.forEach(each -> counts.merge(each, 1, Integer::sum));
    }
    return counts;
  }

  private static Map<String, Integer> counts(List<Bucket> buckets) {
    var counts = new TreeMap<String, Integer>();
    buckets.forEach(bucket -> counts.put(bucket.key(), (int) bucket.count()));
    return counts;
  }

  @Test
  void histogramsCountEqualSteps() throws Exception {
    var truth =
        counted("pages", pages -> String.valueOf(Math.floorDiv((int) pages - 7, 50) * 50 + 7));
    var found = buckets(new Aggregation.Histogram("pages", 50, 7, Map.of()));
    assertEquals(truth, counts(found), this::seed);
    for (int i = 1; i < found.size(); i++) {
      assertTrue((Long) value(found.get(i - 1).from()) < (Long) value(found.get(i).from()));
    }
    var prices = counted("price", price -> String.valueOf(Math.floor((double) price / 2.5) * 2.5));
    var byPrice = new TreeMap<String, Integer>();
    buckets(new Aggregation.Histogram("price", 2.5))
        .forEach(b ->
            byPrice.put(
                String.valueOf(((Number) value(b.from())).doubleValue()), (int) b.count()));
    assertEquals(prices.toString().replace("-0.0", "0.0"), byPrice.toString(), this::seed);
  }

  private static Object value(@Nullable Object value) {
    return Objects.requireNonNull(value);
  }

  @Test
  void dateHistogramsFollowTheCalendar() throws Exception {
    var zone = ZoneId.of("America/New_York");
    var truth =
        counted(
            "published",
            at ->
                Instant.parse((String) at)
                    .atZone(zone)
                    .toLocalDate()
                    .withDayOfMonth(1)
                    .atStartOfDay(zone)
                    .toInstant()
                    .toString());
    assertEquals(
        truth,
        counts(
            buckets(
                new Aggregation.DateHistogram(
                    "published", new Step.Calendar(Unit.MONTH, zone)))),
        this::seed);
    long day = Duration.ofDays(100).toMillis();
    var fixed =
        counted(
            "published",
            at ->
                Instant.ofEpochMilli(
                        Math.floorDiv(Instant.parse((String) at).toEpochMilli(), day) * day)
                    .toString());
    assertEquals(
        fixed,
        counts(
            buckets(
                new Aggregation.DateHistogram(
                    "published", new Step.Fixed(Duration.ofDays(100), Duration.ZERO)))),
        this::seed);
  }

  @Test
  void geoGridsHoldTheirPoints() throws Exception {
    var found = buckets(new Aggregation.GeoGrid("place", 2, 100));
    long sum = 0;
    for (var bucket : found) {
      var tile = Objects.requireNonNull(bucket.tile());
      long inside =
          library.values("place").stream()
              .map(point -> (Map<?, ?>) point.getFirst())
              .filter(point -> {
                double lat = ((Number) value(point.get("lat"))).doubleValue();
                double lon = ((Number) value(point.get("lon"))).doubleValue();
                boolean north = tile.north() > 85 || lat < tile.north();
                boolean south = tile.south() < -85 || lat >= tile.south();
                return north && south && lon >= tile.west() && lon < tile.east();
              })
              .count();
      assertEquals(inside, bucket.count(), () -> bucket + " " + seed());
      assertEquals(bucket.count(), bucket.upper());
      sum += bucket.count();
    }
    assertEquals(library.values("place").size(), sum, this::seed);
    assertEquals("1/1/0", GeoKeys.name(GeoKeys.key(40, 10, 1), 1));
    assertEquals("0/0/0", GeoKeys.name(GeoKeys.key(-90, 180, 0), 0));
  }

  @Test
  void statsAreExact() throws Exception {
    var stats = (Stats) run(new Aggregation.Stats("price"));
    var prices = library.values("price").stream().map(value -> (double) value.getFirst()).toList();
    var sum = BigDecimal.ZERO;
    for (double price : prices) {
      sum = sum.add(new BigDecimal(price));
    }
    assertEquals(prices.size(), stats.count());
    assertEquals(sum.doubleValue(), stats.sum(), this::seed);
    assertEquals(prices.stream().min(Comparator.naturalOrder()).orElseThrow(), stats.min());
    assertEquals(prices.stream().max(Comparator.naturalOrder()).orElseThrow(), stats.max());
    var pages = (Stats) run(new Aggregation.Stats("pages"));
    long total =
        library.values("pages").stream().mapToLong(value -> (int) value.getFirst()).sum();
    assertEquals(total, pages.sum(), this::seed);
    var dates = (Stats) run(new Aggregation.Stats("published"));
    assertNull(dates.sum());
    assertTrue(value(dates.min()).toString().endsWith(":30:00Z"), dates.toString());
  }

  @Test
  void cardinalityLiesWithinItsBounds() throws Exception {
    for (var field : List.of("author", "topic", "pages", "price", "published")) {
      var truth = new HashSet<Object>();
      library.values(field).forEach(truth::addAll);
      var found = (Cardinality) run(new Aggregation.Cardinality(field, 0.02));
      assertTrue(
          found.lower() <= truth.size() && truth.size() <= found.upper(),
          () -> field + " " + truth.size() + " " + found + " " + seed());
      assertTrue(found.lower() <= found.value() && found.value() <= found.upper());
    }
  }

  @Test
  void quantilesAreExactWhileAllValuesFitAndBoundedBeyond() throws Exception {
    var sorted =
        library.values("pages").stream()
            .map(value -> (long) (int) value.getFirst())
            .sorted()
            .toList();
    var percents = List.of(0.0, 10.0, 50.0, 99.0, 100.0);
    var exact = (Quantiles) run(new Aggregation.Quantiles("pages", percents, 0.001));
    assertEquals(0, exact.rankError());
    assertEquals(sorted.size(), exact.count());
    for (var quantile : exact.values()) {
      int rank = (int) Math.ceil(quantile.percent() * sorted.size() / 100);
      assertEquals(sorted.get(Math.max(0, rank - 1)), quantile.value(), () -> quantile + seed());
    }
    var rough = (Quantiles) run(new Aggregation.Quantiles("pages", percents, 0.1));
    assertTrue(rough.rankError() > 0 && rough.rankError() <= 0.1);
    assertEquals(sorted.getFirst(), rough.min());
    assertEquals(sorted.getLast(), rough.max());
    for (var quantile : rough.values()) {
      assertTrue(
          (Long) quantile.lower() <= (Long) quantile.value()
              && (Long) quantile.value() <= (Long) quantile.upper());
    }
  }

  private static Map<String, Aggregation> inner() {
    var inner = new LinkedHashMap<String, Aggregation>();
    inner.put("authors", new Aggregation.Terms("author", 40));
    inner.put(
        "best", new Aggregation.TopHits(2, List.of(new Sort("pages", true)), List.of("title")));
    inner.put("pages", new Aggregation.Stats("pages"));
    inner.put("who", new Aggregation.Cardinality("author", 0.02));
    inner.put("when", new Aggregation.Histogram("pages", 100));
    return inner;
  }

  @Test
  void looksIntoEachBucketOfTerms() throws Exception {
    var found = buckets(new Aggregation.Terms("topic", 30, inner()));
    var truth = counted("topic", Object::toString);
    assertEquals(truth, counts(found), this::seed);
    for (var bucket : found) {
      checkInside(
          bucket, book -> ((List<?>) value(book.get("topic"))).contains(bucket.key()));
    }
  }

  @Test
  void looksIntoEachBucketOfRangesHistogramsAndGrids() throws Exception {
    var ranges =
        new Aggregation.Ranges(
            "pages",
            List.of(
                new Aggregation.Ranges.Bucket("low", null, 200L),
                new Aggregation.Ranges.Bucket("mid", 100L, 300L),
                new Aggregation.Ranges.Bucket("none", 5_000L, null)),
            inner());
    for (var bucket : buckets(ranges)) {
      long from = bucket.from() == null ? Long.MIN_VALUE : (Long) value(bucket.from());
      long to = bucket.to() == null ? Long.MAX_VALUE : (Long) value(bucket.to());
      checkInside(bucket, book -> within(book.get("pages"), from, to));
    }
    for (var bucket : buckets(new Aggregation.Histogram("pages", 125, 0, inner()))) {
      long from = (Long) value(bucket.from());
      checkInside(bucket, book -> within(book.get("pages"), from, from + 125));
    }
    for (var bucket : buckets(new Aggregation.GeoGrid("place", 1, 4, inner()))) {
      var tile = Objects.requireNonNull(bucket.tile());
      checkInside(
          bucket,
          book ->
              book.get("place") instanceof Map<?, ?> point
                  && ((Number) value(point.get("lat"))).doubleValue() >= 0 == tile.south() >= -1e-9
                  && ((Number) value(point.get("lon"))).doubleValue() >= 0 == tile.west() >= -1e-9);
    }
  }

  private static boolean within(@Nullable Object pages, long from, long to) {
    return pages instanceof Integer number && from <= number && number < to;
  }

  private void checkInside(Bucket bucket, Function<Map<String, Object>, Boolean> inside) {
    var books = library.books().stream().filter(inside::apply).toList();
    assertEquals(books.size(), bucket.count(), () -> bucket + " " + seed());
    var authors = new TreeMap<String, Integer>();
    var steps = new TreeMap<String, Integer>();
    var pages = new ArrayList<Long>();
    for (var book : books) {
      authors.merge((String) value(book.get("author")), 1, Integer::sum);
      if (book.get("pages") instanceof Integer number) {
        pages.add((long) number);
        steps.merge(String.valueOf(number / 100 * 100), 1, Integer::sum);
      }
    }
    assertEquals(authors, counts(((Buckets) value(bucket.aggs().get("authors"))).buckets()));
    assertEquals(steps, counts(((Buckets) value(bucket.aggs().get("when"))).buckets()));
    var stats = (Stats) value(bucket.aggs().get("pages"));
    assertEquals(pages.size(), stats.count());
    if (!pages.isEmpty()) {
      assertEquals(pages.stream().mapToLong(Long::longValue).sum(), stats.sum());
    }
    var who = (Cardinality) value(bucket.aggs().get("who"));
    assertTrue(who.lower() <= authors.size() && authors.size() <= who.upper(), this::seed);
    var hits = ((TopHits) value(bucket.aggs().get("best"))).hits();
    assertEquals(Math.min(2, books.size()), hits.size());
    pages.sort(Comparator.reverseOrder());
    for (int i = 0; i < Math.min(hits.size(), pages.size()); i++) {
      assertEquals(pages.get(i), hits.get(i).sortValues().getFirst(), this::seed);
      var json = new String(hits.get(i).json(), StandardCharsets.UTF_8);
      assertTrue(json.startsWith("{\"title\":"), json);
    }
  }

  @Test
  void bestOfABucketTieByIdHoweverTheDocumentsAreCut() throws Exception {
    var aggs =
        Map.<String, Aggregation>of(
            "x",
            new Aggregation.Terms(
                "topic", 5, Map.of("best", new Aggregation.TopHits(4, List.of(), List.of()))));
    var whole = bestIds(Library.run(request(aggs), library.shards(1, 400)));
    for (int shards = 1; shards < 5; shards++) {
      var cut = Library.run(request(aggs), library.shards(shards, 17));
      assertEquals(whole, bestIds(cut), this::seed);
    }
    var first = Objects.requireNonNull(whole.getFirst());
    assertEquals(first.stream().sorted(Sort::compareText).toList(), first);
  }

  private static List<List<String>> bestIds(SearchResult result) {
    return ((Buckets) value(result.aggs().get("x")))
        .buckets().stream()
            .map(bucket ->
                ((TopHits) value(bucket.aggs().get("best")))
                    .hits().stream().map(SearchHit::id).toList())
            .toList();
  }

  private static Map<String, Aggregation> everything(double rankError) {
    var aggs = new LinkedHashMap<String, Aggregation>();
    aggs.put("topics", new Aggregation.Terms("topic", 5, inner()));
    aggs.put("steps", new Aggregation.Histogram("price", 7.5, 1, inner()));
    aggs.put(
        "months",
        new Aggregation.DateHistogram(
            "published",
            Step.Calendar.of(Unit.YEAR, "Asia/Tokyo"),
            Map.of("price", new Aggregation.Stats("price"))));
    aggs.put(
        "map",
        new Aggregation.GeoGrid("place", 2, 50, Map.of("p", new Aggregation.Stats("price"))));
    aggs.put("grid", new Aggregation.GeoGrid("place", 3, 50));
    aggs.put("who", new Aggregation.Cardinality("published", 0.1));
    aggs.put("spread", new Aggregation.Quantiles("price", List.of(5.0, 50.0, 95.0), rankError));
    aggs.put("sum", new Aggregation.Stats("price"));
    return aggs;
  }

  @Test
  void keepTheirLaws() {
    var shards = library.shards(4, 30);
    ScatterLaws.of(SearchFunction::new, request(everything(0.001)), shards, seed)
        .cuts(count -> library.shards(count, 25))
        .summaries(shards.stream().map(InMemoryShard::summary).toList())
        .agreeing(AggregationsTest::sameButForShards)
        .check();
  }

  /** Where documents are cut anew, hits come from other shards; all else must be the same. */
  private static boolean sameButForShards(@Nullable Object a, @Nullable Object b) {
    return String.valueOf(a)
        .replaceAll("shard=\\d+", "")
        .replaceAll("json=\\[B@[0-9a-f]+", "")
        .equals(
            String.valueOf(b)
                .replaceAll("shard=\\d+", "")
                .replaceAll("json=\\[B@[0-9a-f]+", ""));
  }

  @Test
  void keepTheirLawsWithinTheStatedErrorWhereTheyAreApproximate() {
    ScatterLaws.of(SearchFunction::new, request(everything(0.1)), library.shards(4, 30), seed)
        .agreeing((a, b) -> sameButForShards(a, b) || (nearTheTruth(a) && nearTheTruth(b)))
        .check();
  }

  /** Of an answer over all shards. */
  private boolean nearTheTruth(@Nullable Object answer) {
    return answer instanceof SearchResult result
        && nearTheTruth((Quantiles) value(result.aggs().get("spread")));
  }

  /** The stated error is kept in 99 of 100 cases; twice as much in practically all. */
  private boolean nearTheTruth(Quantiles found) {
    var prices =
        library.values("price").stream().map(value -> (double) value.getFirst()).toList();
    for (var quantile : found.values()) {
      double value = ((Number) quantile.value()).doubleValue();
      double below = prices.stream().filter(price -> price < value).count();
      double upTo = prices.stream().filter(price -> price <= value).count();
      double rank = quantile.percent() / 100;
      if (rank < below / prices.size() - 2 * found.rankError()
          || rank > upTo / prices.size() + 2 * found.rankError()) {
        return false;
      }
    }
    return found.count() == prices.size() && found.rankError() > 0;
  }

  @Test
  void skipsShardsAndHeedsBoundsWithoutChangingTheAnswer() {
    var shards = library.shards(5, 40);
    var summaries = shards.stream().map(InMemoryShard::summary).toList();
    ScatterLaws.of(
            SearchFunction::new,
            Library.request(
                Query.filtered(Library.words("weft"), new Query.Term("author", "author7")), 10),
            shards,
            seed)
        .summaries(summaries)
        .check();
    ScatterLaws.of(SearchFunction::new, uncounted(Library.words("weft loom")), shards, seed)
        .summaries(summaries)
        .agreeing((a, b) ->
            a instanceof SearchResult x
                && b instanceof SearchResult y
                && x.hits().equals(y.hits())
                && Math.min(x.total(), y.total()) >= 5)
        .check();
  }

  /** Totals need not be counted, so that documents may be left out. */
  private static ScatterRequest uncounted(Query query) {
    return new ScatterRequest(
        query, 5, List.of(), List.of(), Map.of(), Optional.empty(), 0, JsonObject.EMPTY);
  }

  @Test
  void boundsAreTheWorstOfTheBestAndLeaveOutWhatIsBelow() {
    var shards = library.shards(2, 40);
    var function = new SearchFunction();
    var query = function.prepare(uncounted(Library.words("weft loom warp")));
    var first = function.leaf(query, shards.get(0));
    var bound = function.bound(query, first).orElseThrow();
    assertEquals(first.hits[4].score, bound.least());
    var all = function.leaf(query, shards.get(1));
    var bounded = function.leaf(query, shards.get(1), bound);
    assertTrue(bounded.total < all.total && !bounded.exact, this::seed);
    for (var hit : bounded.hits) {
      assertTrue(hit.score >= bound.least());
    }
    var sorted =
        function.prepare(
            Library.request(new Query.All(), 5, List.of(new Sort("pages", true)), Map.of()));
    var unbounded = function.bound(sorted, function.leaf(sorted, shards.get(0)));
    assertEquals(Optional.empty(), unbounded);
  }

  @Test
  void refusesWhatMakesNoSense() {
    refused(
        "aggs.x: pages is a long field (expected: geoPoint)",
        new Aggregation.GeoGrid("pages", 3, 5));
    refused(
        "aggs.x: published is a date field (expected: long, double)",
        new Aggregation.Histogram("published", 5));
    refused(
        "aggs.x.aggs.y.sort: author is a keyword field (expected: long, double, date)",
        new Aggregation.Terms(
            "topic",
            5,
            Map.of(
                "y", new Aggregation.TopHits(1, List.of(new Sort("author", false)), List.of()))));
    refused(
        "aggs.x.topHits: not within another (expected: in the aggs of one that makes buckets; the"
            + " best of all are the hits)",
        new Aggregation.TopHits(1, List.of(), List.of()));
    refused(
        "aggs.x.interval: 1.0E-300 (expected: larger, for the value",
        new Aggregation.Histogram("price", 1e-300));
    refused(
        "aggs.x: more than 127 buckets (expected: at most so many; larger steps, or fewer"
            + " documents)",
        new Aggregation.DateHistogram(
            "published",
            Step.Calendar.of(Unit.DAY, "UTC"),
            Map.of("y", new Aggregation.Cardinality("author", 0.005))));
    refused(
        "aggs.x.aggs: up to 65,576 bytes in each of 3,010 buckets (expected: at most 8,388,608"
            + " together; fewer buckets, smaller sizes or larger errors)",
        new Aggregation.Terms(
            "topic", 1_000, Map.of("y", new Aggregation.Cardinality("author", 0.005))));
  }

  private void refused(String start, Aggregation aggregation) {
    var thrown = assertThrows(BadRequestException.class, () -> run(aggregation));
    assertTrue(String.valueOf(thrown.getMessage()).startsWith(start), thrown.getMessage());
  }
}
