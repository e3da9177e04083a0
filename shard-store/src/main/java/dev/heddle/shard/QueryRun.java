package dev.heddle.shard;

import dev.heddle.function.Query;
import dev.heddle.function.RisingBound;
import dev.heddle.function.Shard;
import dev.heddle.function.Shard.TopDocuments;
import dev.heddle.function.Sort;
import java.io.IOException;
import java.util.List;
import org.apache.lucene.index.LeafReaderContext;
import org.apache.lucene.search.IndexSearcher;
import org.apache.lucene.search.LeafCollector;
import org.apache.lucene.search.ScoreMode;
import org.apache.lucene.search.Weight;

/** Runs queries over a shard's segments, one after the other. For one thread. */
final class QueryRun {
  private final SchemaFields fields;
  private final GlobalSearcher searcher;
  private final ReadScope scope;

  QueryRun(SchemaFields fields, GlobalSearcher searcher, ReadScope scope) {
    this.fields = fields;
    this.searcher = searcher;
    this.scope = scope;
  }

  void check() {
    new StopSignal(scope).check();
  }

  TopDocuments search(
      Query query, List<Sort> sort, int k, long countUpTo, List<Shard.Collector> collectors)
      throws IOException {
    return search(query, sort, k, countUpTo, RisingBound.NONE, collectors);
  }

  /**
   * Runs a query.
   *
   * @param bound by score, documents below it are left out
   */
  TopDocuments search(
      Query query,
      List<Sort> sort,
      int k,
      long countUpTo,
      RisingBound bound,
      List<Shard.Collector> collectors)
      throws IOException {
    boolean byScore = k > 0 && sort.isEmpty();
    boolean scored =
        byScore
            || (k > 0 && sort.stream().anyMatch(key -> key.field().equals(Sort.SCORE)))
            || collectors.stream().anyMatch(Shard.Collector::needsScores);
    List<SortKey> keys = SortKey.keys(sort, fields, k);
    TranslatedQuery translated = scope.translate(query, fields);
    if (scored && !translated.complete()) {
      throw new MissingStatisticsException(translated.missingTerms(), translated.missingFields());
    }
    boolean maySkip = byScore && collectors.isEmpty();
    ScoreMode mode =
        !scored
            ? ScoreMode.COMPLETE_NO_SCORES
            : maySkip ? ScoreMode.TOP_SCORES : ScoreMode.COMPLETE;
    Weight weight = weight(translated, mode);
    long known = collectors.isEmpty() ? knownCount(weight) : -1;
    if (known >= 0 && k == 0) {
      scope.meter().matched(known);
      return new TopDocuments(List.of(), known, true);
    }
    StopSignal stop = new StopSignal(scope);
    // What need not be counted any more is skipped from the first document on.
    long counted = known >= 0 ? -1 : countUpTo;
    Ranked ranked =
        k == 0
            ? new NoneRanked(stop)
            : byScore
                ? new BestByScore(k, counted, bound, stop)
                : new BestByFields(k, keys, scored, stop);
    run(weight, ranked, maySkip, scored ? translated.ceiling() : 0, collectors, stop);
    return result(ranked, known);
  }

  private Weight weight(TranslatedQuery translated, ScoreMode mode) throws IOException {
    try {
      return searcher.createWeight(searcher.rewrite(translated.query()), mode, 1);
    } catch (IndexSearcher.TooManyClauses e) {
      throw QueryTranslation.tooLarge(e);
    }
  }

  private void run(
      Weight weight,
      Ranked ranked,
      boolean maySkip,
      double ceiling,
      List<Shard.Collector> collectors,
      StopSignal stop)
      throws IOException {
    for (LeafReaderContext segment : searcher.getLeafContexts()) {
      LeafCollector collector =
          CollectorPass.enter(ranked.enter(segment, maySkip), collectors, segment, fields);
      SegmentScan.run(
          weight, segment, RankBonus.around(collector, segment.reader(), fields, ceiling), stop);
      ranked.leave();
    }
  }

  private TopDocuments result(Ranked ranked, long known) throws IOException {
    long total = known >= 0 ? known : ranked.seen();
    scope.meter().scanned(ranked.seen());
    scope.meter().matched(total);
    var best = ranked.best();
    return new TopDocuments(best, total, known >= 0 || !ranked.skipped());
  }

  /** How many documents match, where the index knows without looking at them; else -1. */
  private long knownCount(Weight weight) throws IOException {
    long known = 0;
    for (LeafReaderContext segment : searcher.getLeafContexts()) {
      int count = weight.count(segment);
      if (count < 0) {
        return -1;
      }
      known += count;
    }
    return known;
  }
}
