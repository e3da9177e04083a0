package dev.heddle.aggregations;

import dev.heddle.function.Binary;
import dev.heddle.function.Codec;
import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.util.ArrayList;

/**
 * Partials of one query in bytes: a version, totals, hits in order, then one figure for each
 * aggregation in the order of the query. Reading accepts nothing that this query could not have
 * produced.
 */
final class SearchCodec implements Codec<SearchPartial> {
  private static final int VERSION = 2;

  private final SearchQuery query;

  SearchCodec(SearchQuery query) {
    this.query = query;
  }

  @Override
  public void write(SearchPartial partial, DataOutput out) throws IOException {
    out.writeByte(VERSION);
    Binary.writeUnsigned(partial.total, out);
    out.writeBoolean(partial.exact);
    HitCodec.write(partial.hits, out);
    for (var agg : partial.aggs) {
      AggregationCodec.write(agg, out);
    }
  }

  @Override
  public SearchPartial read(DataInput in) throws IOException {
    int version = in.readUnsignedByte();
    if (version != VERSION) {
      throw new IOException("version: " + version + " (expected: " + VERSION + ")");
    }
    long total = AggregationCodec.readCount(in);
    boolean exact = in.readBoolean();
    var hits = HitCodec.read(query.k(), query.sort().size(), in);
    var aggs = new ArrayList<AggregationPartial>(query.aggs().size());
    for (var named : query.aggs()) {
      aggs.add(AggregationCodec.read(named, in));
    }
    return new SearchPartial(hits, total, exact, aggs);
  }
}
