package dev.heddle.engine;

import dev.heddle.function.Aggregation;
import dev.heddle.process.ErrorCode;
import java.util.ArrayList;
import java.util.HashSet;

/** Aggregations as a request names them. */
final class AggregationWire {
  private static final int DEFAULT_SIZE = 10;
  private static final int MAX_KEY = 256;

  private AggregationWire() {}

  static Aggregation read(dev.heddle.v1.Aggregation wire, String path, QueryLimits limits) {
    return switch (wire.getKindCase()) {
      case TERMS -> terms(wire.getTerms(), path + ".terms");
      case RANGES -> ranges(wire.getRanges(), path + ".ranges", limits);
      case KIND_NOT_SET -> throw Refusals.missing(path, "one of terms, ranges");
    };
  }

  private static Aggregation terms(dev.heddle.v1.Aggregation.Terms terms, String path) {
    field(terms.getField(), path);
    long size = Integer.toUnsignedLong(terms.getSize());
    if (size > Aggregation.Terms.MAX_SIZE) {
      throw Refusals.outOfRange(path + ".size", size, "1.." + Aggregation.Terms.MAX_SIZE);
    }
    return new Aggregation.Terms(terms.getField(), size == 0 ? DEFAULT_SIZE : (int) size);
  }

  private static Aggregation ranges(
      dev.heddle.v1.Aggregation.Ranges ranges, String path, QueryLimits limits) {
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
    return new Aggregation.Ranges(ranges.getField(), buckets);
  }

  private static void field(String field, String path) {
    if (field.isEmpty()) {
      throw Refusals.missing(path + ".field", "a field's name");
    }
  }

  static dev.heddle.v1.Aggregation write(Aggregation aggregation) {
    var wire = dev.heddle.v1.Aggregation.newBuilder();
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
    }
    return wire.build();
  }
}
