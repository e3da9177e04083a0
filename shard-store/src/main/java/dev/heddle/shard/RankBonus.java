package dev.heddle.shard;

import java.io.IOException;
import org.apache.lucene.index.DocValues;
import org.apache.lucene.index.LeafReader;
import org.apache.lucene.index.NumericDocValues;
import org.apache.lucene.index.PointValues;
import org.apache.lucene.index.SortedNumericDocValues;
import org.apache.lucene.search.LeafCollector;
import org.apache.lucene.search.Scorable;
import org.apache.lucene.util.NumericUtils;
import org.jspecify.annotations.Nullable;

/**
 * Adds the static rank to the scores of a text query. It sits between scorer and collector, so that
 * the scorer stays the fastest for its query, and lowers the bar for skipping by the most that the
 * rank can add. For one segment and thread.
 */
final class RankBonus implements LeafCollector {
  private final LeafCollector collector;
  private final SortedNumericDocValues ranks;
  private final @Nullable NumericDocValues single;
  private final double weight;
  private final double ceiling;
  private final double most;
  private int document;

  private RankBonus(
      LeafCollector collector, LeafReader segment, String field, double weight, double ceiling)
      throws IOException {
    this.collector = collector;
    this.ranks = DocValues.getSortedNumeric(segment, field);
    this.single = DocValues.unwrapSingleton(ranks);
    this.weight = weight;
    this.ceiling = ceiling;
    this.most = TextScoring.rankBonus(mostRank(segment, field), weight, ceiling);
  }

  /** The collector that sees scores with the rank in them, if any document here has one. */
  static LeafCollector around(
      LeafCollector collector, LeafReader segment, SchemaFields fields, double ceiling)
      throws IOException {
    boolean ranked =
        ceiling > 0
            && fields.rankWeight() > 0
            && !fields.rankField().isEmpty()
            && segment.getPointValues(fields.rankField()) != null;
    return ranked
        ? new RankBonus(collector, segment, fields.rankField(), fields.rankWeight(), ceiling)
        : collector;
  }

  private static double mostRank(LeafReader segment, String field) throws IOException {
    PointValues points = segment.getPointValues(field);
    return points == null
        ? 0
        : NumericUtils.sortableLongToDouble(
            NumericUtils.sortableBytesToLong(points.getMaxPackedValue(), 0));
  }

  @Override
  public void setScorer(Scorable scorer) throws IOException {
    collector.setScorer(
        new Scorable() {
          @Override
          public float score() throws IOException {
            return (float) (scorer.score() + bonus());
          }

          @Override
          public void setMinCompetitiveScore(float minimum) throws IOException {
            // Lower by what rounding may have added: to the sum above, which may be much more than
            // the text, and to the text's own score.
            double text = (minimum - Math.ulp(minimum) - most) * (1 - 1e-6);
            if (text > 0) {
              scorer.setMinCompetitiveScore((float) text);
            }
          }
        });
  }

  private double bonus() throws IOException {
    long bits;
    if (single != null) {
      if (!single.advanceExact(document)) {
        return 0;
      }
      bits = single.longValue();
    } else {
      if (!ranks.advanceExact(document)) {
        return 0;
      }
      bits = ranks.nextValue();
    }
    return TextScoring.rankBonus(NumericUtils.sortableLongToDouble(bits), weight, ceiling);
  }

  @Override
  public void collect(int document) throws IOException {
    this.document = document;
    collector.collect(document);
  }
}
