package dev.heddle.shard;

import java.util.HashSet;
import java.util.Optional;
import java.util.Set;

/** Looks up the figures that a query is scored with, and notes which are not there. */
final class StatisticsNeeds {
  private final StatisticsSnapshot snapshot;
  private final Set<TermKey> missingTerms = new HashSet<>();
  private boolean missingFields;

  StatisticsNeeds(StatisticsSnapshot snapshot) {
    this.snapshot = snapshot;
  }

  /** How telling a term is: 0 or more, about 10 for a rare one; 0 while figures are missing. */
  double idf(String field, String term) {
    TermKey key = new TermKey(field, term);
    Optional<FieldFigures> whole = snapshot.field(field);
    Optional<TermFigures> part = snapshot.term(key);
    if (part.isEmpty()) {
      missingTerms.add(key);
    }
    missingFields |= whole.isEmpty();
    if (part.isEmpty() || whole.isEmpty()) {
      return 0;
    }
    long documents = Math.max(1, whole.get().documents());
    long having = Math.clamp(part.get().documentFrequency(), 1, documents);
    return Math.log(1 + (documents - having + 0.5) / (having + 0.5));
  }

  Set<TermKey> missingTerms() {
    return missingTerms;
  }

  boolean missingFields() {
    return missingFields;
  }

  boolean complete() {
    return missingTerms.isEmpty() && !missingFields;
  }
}
