package dev.heddle.shard;

import java.util.Set;
import org.apache.lucene.search.Query;

/**
 * A query as Lucene runs it.
 *
 * @param ceiling what its text scores at most; 0: it scores no text, so static rank does not apply
 * @param missingTerms terms whose figures the snapshot lacks; unless empty the query must not run
 * @param missingFields whether it lacks figures of a field too
 */
record TranslatedQuery(
    Query query, double ceiling, Set<TermKey> missingTerms, boolean missingFields) {
  TranslatedQuery {
    missingTerms = Set.copyOf(missingTerms);
  }

  boolean complete() {
    return missingTerms.isEmpty() && !missingFields;
  }
}
