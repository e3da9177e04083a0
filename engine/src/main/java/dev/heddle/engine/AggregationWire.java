package dev.heddle.engine;

import dev.heddle.function.Aggregation;
import dev.heddle.function.Aggregation.Step;
import dev.heddle.function.Aggregation.Unit;
import dev.heddle.function.BadRequestException;
import dev.heddle.function.Sort;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.v1.Aggregation.CalendarUnit;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Aggregations as a request names them. */
final class AggregationWire {
  private static final int DEFAULT_SIZE = 10;
  private static final int DEFAULT_TILES = 1_000;
  private static final int DEFAULT_HITS = 3;
  private static final int MAX_KEY = 256;
  private static final int MAX_NAME = 64;
  private static final double DEFAULT_CARDINALITY_ERROR = 0.02;
  private static final double DEFAULT_RANK_ERROR = 0.01;
  private static final List<Double> DEFAULT_PERCENTS =
      List.of(1.0, 5.0, 25.0, 50.0, 75.0, 95.0, 99.0);
  private static final String KINDS =
      "one of terms, ranges, histogram, dateHistogram, geoGrid, cardinality, quantiles, stats,"
          + " topHits";

  private final QueryLimits limits;

  private AggregationWire(QueryLimits limits) {
    this.limits = limits;
  }

  /** In the order of the names: a wire map has none of its own, and all nodes must agree on one. */
  static Map<String, Aggregation> read(
      Map<String, dev.heddle.v1.Aggregation> wire, String path, QueryLimits limits) {
    var aggs = new LinkedHashMap<String, Aggregation>();
    for (var entry : new TreeMap<>(wire).entrySet()) {
      var name = entry.getKey();
      if (name.isEmpty() || name.length() > MAX_NAME) {
        throw Refusals.outOfRange(path, "name '" + name + "'", "1.." + MAX_NAME + " characters");
      }
      aggs.put(name, read(entry.getValue(), path + "." + name, limits));
    }
    return aggs;
  }

  static Aggregation read(dev.heddle.v1.Aggregation wire, String path, QueryLimits limits) {
    try {
      var inner = read(wire.getAggsMap(), path + ".aggs", limits);
      return new AggregationWire(limits).read(wire, path, inner);
    } catch (BadRequestException e) {
      throw new HeddleException(ErrorCode.INVALID_REQUEST, path + "." + e.getMessage(), e);
    }
  }

  private Aggregation read(
      dev.heddle.v1.Aggregation wire, String path, Map<String, Aggregation> inner) {
    return switch (wire.getKindCase()) {
      case TERMS -> terms(wire.getTerms(), path + ".terms", inner);
      case RANGES -> ranges(wire.getRanges(), path + ".ranges", inner);
      case HISTOGRAM -> histogram(wire.getHistogram(), path + ".histogram", inner);
      case DATE_HISTOGRAM -> dateHistogram(wire.getDateHistogram(), path + ".dateHistogram", inner);
      case GEO_GRID -> geoGrid(wire.getGeoGrid(), path + ".geoGrid", inner);
      case CARDINALITY -> single(cardinality(wire.getCardinality(), path), path, inner);
      case QUANTILES -> single(quantiles(wire.getQuantiles(), path), path, inner);
      case STATS -> {
        field(wire.getStats().getField(), path + ".stats");
        yield single(new Aggregation.Stats(wire.getStats().getField()), path, inner);
      }
      case TOP_HITS -> single(topHits(wire.getTopHits(), path + ".topHits"), path, inner);
      case KIND_NOT_SET -> throw Refusals.missing(path, KINDS);
    };
  }

  /** What makes no buckets can hold nothing. */
  private static Aggregation single(
      Aggregation aggregation, String path, Map<String, Aggregation> inner) {
    if (!inner.isEmpty()) {
      throw Refusals.refuse(
          ErrorCode.INVALID_REQUEST,
          path + ".aggs",
          inner.size() + " in one without buckets",
          "none; terms, ranges, histograms and geoGrid make buckets");
    }
    return aggregation;
  }

  private static Aggregation terms(
      dev.heddle.v1.Aggregation.Terms terms, String path, Map<String, Aggregation> inner) {
    field(terms.getField(), path);
    return new Aggregation.Terms(
        terms.getField(),
        size(path + ".size", terms.getSize(), DEFAULT_SIZE, Aggregation.Terms.MAX_SIZE),
        inner);
  }

  private static int size(String path, int wire, int otherwise, int most) {
    long size = Integer.toUnsignedLong(wire);
    if (size > most) {
      throw Refusals.outOfRange(path, size, "1.." + most);
    }
    return size == 0 ? otherwise : (int) size;
  }

  private Aggregation ranges(
      dev.heddle.v1.Aggregation.Ranges ranges, String path, Map<String, Aggregation> inner) {
    field(ranges.getField(), path);
    int count = ranges.getBucketsCount();
    if (count < 1 || count > Aggregation.Ranges.MAX_BUCKETS) {
      throw Refusals.outOfRange(
          path + ".ranges", count + " ranges", "1.." + Aggregation.Ranges.MAX_BUCKETS);
    }
    var buckets = new ArrayList<Aggregation.Ranges.Bucket>(count);
    var keys = new HashSet<String>();
    for (int i = 0; i < count; i++) {
      var bucket = ranges.getBuckets(i);
      var at = path + ".ranges[" + i + "]";
      Refusals.atMost(at + ".key", bucket.getKey().length(), MAX_KEY, " characters");
      if (!bucket.getKey().isEmpty() && !keys.add(bucket.getKey())) {
        throw Refusals.refuse(
            ErrorCode.INVALID_REQUEST, at + ".key", bucket.getKey(), "a key of its own");
      }
      buckets.add(
          new Aggregation.Ranges.Bucket(
              bucket.getKey(),
              ValueWire.readBound(
                  bucket.hasFrom(), bucket.getFrom(), at + ".from", limits.maxText()),
              ValueWire.readBound(bucket.hasTo(), bucket.getTo(), at + ".to", limits.maxText())));
    }
    return new Aggregation.Ranges(ranges.getField(), buckets, inner);
  }

  private static Aggregation histogram(
      dev.heddle.v1.Aggregation.Histogram histogram, String path, Map<String, Aggregation> inner) {
    field(histogram.getField(), path);
    if (!(histogram.getInterval() > 0 && Double.isFinite(histogram.getInterval()))) {
      throw Refusals.outOfRange(path + ".interval", histogram.getInterval(), "a number above 0");
    }
    if (!Double.isFinite(histogram.getOffset())) {
      throw Refusals.outOfRange(path + ".offset", histogram.getOffset(), "a finite number");
    }
    return new Aggregation.Histogram(
        histogram.getField(), histogram.getInterval(), histogram.getOffset(), inner);
  }

  private static Aggregation dateHistogram(
      dev.heddle.v1.Aggregation.DateHistogram wire, String path, Map<String, Aggregation> inner) {
    field(wire.getField(), path);
    boolean calendar = wire.getCalendar() != CalendarUnit.CALENDAR_UNIT_UNSPECIFIED;
    if (calendar == (wire.getFixedMillis() != 0)) {
      throw Refusals.refuse(
          ErrorCode.INVALID_REQUEST,
          path,
          calendar ? "both calendar and fixed" : "neither calendar nor fixed",
          "one of them");
    }
    if (calendar ? wire.getOffsetMillis() != 0 : !wire.getZone().isEmpty()) {
      throw Refusals.refuse(
          ErrorCode.INVALID_REQUEST,
          path,
          calendar ? "calendar with an offset" : "fixed with a zone",
          "a zone with calendar, an offset with fixed");
    }
    if (!calendar) {
      long most = Aggregation.MAX_FIXED.toMillis();
      if (wire.getFixedMillis() < 1 || wire.getFixedMillis() > most) {
        throw Refusals.outOfRange(
            path + ".fixed", wire.getFixedMillis() + "ms", "1ms.." + most + "ms");
      }
      if (Math.abs(wire.getOffsetMillis()) >= wire.getFixedMillis()) {
        throw Refusals.outOfRange(
            path + ".offset",
            wire.getOffsetMillis() + "ms",
            "less than the step, " + wire.getFixedMillis() + "ms");
      }
    }
    return new Aggregation.DateHistogram(
        wire.getField(), calendar ? calendarStep(wire, path) : fixedStep(wire), inner);
  }

  private static Step fixedStep(dev.heddle.v1.Aggregation.DateHistogram wire) {
    return new Step.Fixed(
        Duration.ofMillis(wire.getFixedMillis()), Duration.ofMillis(wire.getOffsetMillis()));
  }

  private static Step calendarStep(dev.heddle.v1.Aggregation.DateHistogram wire, String path) {
    var unit =
        switch (wire.getCalendar()) {
          case CALENDAR_UNIT_MINUTE -> Unit.MINUTE;
          case CALENDAR_UNIT_HOUR -> Unit.HOUR;
          case CALENDAR_UNIT_DAY -> Unit.DAY;
          case CALENDAR_UNIT_WEEK -> Unit.WEEK;
          case CALENDAR_UNIT_MONTH -> Unit.MONTH;
          case CALENDAR_UNIT_QUARTER -> Unit.QUARTER;
          case CALENDAR_UNIT_YEAR -> Unit.YEAR;
          case CALENDAR_UNIT_UNSPECIFIED, UNRECOGNIZED ->
              throw Refusals.refuse(
                  ErrorCode.INVALID_REQUEST,
                  path + ".calendar",
                  wire.getCalendarValue(),
                  "minute, hour, day, week, month, quarter or year");
        };
    return Step.Calendar.of(unit, wire.getZone().isEmpty() ? "UTC" : wire.getZone());
  }

  private static Aggregation geoGrid(
      dev.heddle.v1.Aggregation.GeoGrid grid, String path, Map<String, Aggregation> inner) {
    field(grid.getField(), path);
    long zoom = Integer.toUnsignedLong(grid.getZoom());
    if (zoom > Aggregation.GeoGrid.MAX_ZOOM) {
      throw Refusals.outOfRange(path + ".zoom", zoom, "0.." + Aggregation.GeoGrid.MAX_ZOOM);
    }
    return new Aggregation.GeoGrid(
        grid.getField(),
        (int) zoom,
        size(path + ".size", grid.getSize(), DEFAULT_TILES, Aggregation.GeoGrid.MAX_SIZE),
        inner);
  }

  private static Aggregation cardinality(
      dev.heddle.v1.Aggregation.Cardinality cardinality, String outer) {
    var path = outer + ".cardinality";
    field(cardinality.getField(), path);
    double error =
        error(
            path,
            cardinality.getError(),
            DEFAULT_CARDINALITY_ERROR,
            Aggregation.Cardinality.MIN_ERROR,
            Aggregation.Cardinality.MAX_ERROR);
    return new Aggregation.Cardinality(cardinality.getField(), error);
  }

  private static double error(
      String path, double wire, double otherwise, double least, double most) {
    if (wire == 0) {
      return otherwise;
    }
    if (!(wire >= least && wire <= most)) {
      throw Refusals.outOfRange(path + ".error", wire, least + ".." + most);
    }
    return wire;
  }

  private static Aggregation quantiles(
      dev.heddle.v1.Aggregation.Quantiles quantiles, String outer) {
    var path = outer + ".quantiles";
    field(quantiles.getField(), path);
    Refusals.atMost(
        path + ".percents",
        quantiles.getPercentsCount(),
        Aggregation.Quantiles.MAX_PERCENTS,
        " numbers");
    for (double percent : quantiles.getPercentsList()) {
      if (!(percent >= 0 && percent <= 100)) {
        throw Refusals.outOfRange(path + ".percents", percent, "0..100");
      }
    }
    double error =
        error(
            path,
            quantiles.getError(),
            DEFAULT_RANK_ERROR,
            Aggregation.Quantiles.MIN_ERROR,
            Aggregation.Quantiles.MAX_ERROR);
    return new Aggregation.Quantiles(
        quantiles.getField(),
        quantiles.getPercentsCount() == 0 ? DEFAULT_PERCENTS : quantiles.getPercentsList(),
        error);
  }

  private Aggregation topHits(dev.heddle.v1.Aggregation.TopHits hits, String path) {
    Refusals.atMost(path + ".sort", hits.getSortCount(), Aggregation.TopHits.MAX_SORTS, " keys");
    var sorts = new ArrayList<Sort>(hits.getSortCount());
    for (var sort : hits.getSortList()) {
      if (sort.getField().isEmpty()) {
        throw Refusals.missing(
            path + ".sort[" + sorts.size() + "].field", "a field's name or _score");
      }
      sorts.add(new Sort(sort.getField(), sort.getDescending()));
    }
    Refusals.atMost(path + ".fields", hits.getFieldsCount(), limits.maxFields(), " fields");
    for (int i = 0; i < hits.getFieldsCount(); i++) {
      if (hits.getFields(i).isEmpty()) {
        throw Refusals.missing(path + ".fields[" + i + "]", "a field's name");
      }
    }
    return new Aggregation.TopHits(
        size(path + ".size", hits.getSize(), DEFAULT_HITS, Aggregation.TopHits.MAX_SIZE),
        sorts,
        hits.getFieldsList());
  }

  private static void field(String field, String path) {
    if (field.isEmpty()) {
      throw Refusals.missing(path + ".field", "a field's name");
    }
  }

  static dev.heddle.v1.Aggregation write(Aggregation aggregation) {
    var wire = dev.heddle.v1.Aggregation.newBuilder();
    aggregation.inner().forEach((name, inner) -> wire.putAggs(name, write(inner)));
    switch (aggregation) {
      case Aggregation.Terms terms ->
          wire.getTermsBuilder().setField(terms.field()).setSize(terms.size());
      case Aggregation.Ranges ranges -> {
        var builder = wire.getRangesBuilder().setField(ranges.field());
        for (var bucket : ranges.buckets()) {
          var to = builder.addBucketsBuilder().setKey(bucket.key());
          if (bucket.from() != null) {
            to.setFrom(ValueWire.write(bucket.from()));
          }
          if (bucket.to() != null) {
            to.setTo(ValueWire.write(bucket.to()));
          }
        }
      }
      case Aggregation.Histogram histogram ->
          wire.getHistogramBuilder()
              .setField(histogram.field())
              .setInterval(histogram.interval())
              .setOffset(histogram.offset());
      case Aggregation.DateHistogram histogram ->
          write(histogram.step(), wire.getDateHistogramBuilder().setField(histogram.field()));
      case Aggregation.GeoGrid grid ->
          wire.getGeoGridBuilder().setField(grid.field()).setZoom(grid.zoom()).setSize(grid.size());
      case Aggregation.Cardinality cardinality ->
          wire.getCardinalityBuilder().setField(cardinality.field()).setError(cardinality.error());
      case Aggregation.Quantiles quantiles ->
          wire.getQuantilesBuilder()
              .setField(quantiles.field())
              .addAllPercents(quantiles.percents())
              .setError(quantiles.error());
      case Aggregation.Stats stats -> wire.getStatsBuilder().setField(stats.field());
      case Aggregation.TopHits hits -> {
        var builder = wire.getTopHitsBuilder().setSize(hits.size()).addAllFields(hits.fields());
        for (var sort : hits.sort()) {
          builder.addSortBuilder().setField(sort.field()).setDescending(sort.descending());
        }
      }
    }
    return wire.build();
  }

  private static void write(Step step, dev.heddle.v1.Aggregation.DateHistogram.Builder histogram) {
    switch (step) {
      case Step.Calendar calendar ->
          histogram
              .setCalendar(
                  switch (calendar.unit()) {
                    case MINUTE -> CalendarUnit.CALENDAR_UNIT_MINUTE;
                    case HOUR -> CalendarUnit.CALENDAR_UNIT_HOUR;
                    case DAY -> CalendarUnit.CALENDAR_UNIT_DAY;
                    case WEEK -> CalendarUnit.CALENDAR_UNIT_WEEK;
                    case MONTH -> CalendarUnit.CALENDAR_UNIT_MONTH;
                    case QUARTER -> CalendarUnit.CALENDAR_UNIT_QUARTER;
                    case YEAR -> CalendarUnit.CALENDAR_UNIT_YEAR;
                  })
              .setZone(calendar.zone().getId());
      case Step.Fixed fixed ->
          histogram
              .setFixedMillis(fixed.length().toMillis())
              .setOffsetMillis(fixed.offset().toMillis());
    }
  }
}
