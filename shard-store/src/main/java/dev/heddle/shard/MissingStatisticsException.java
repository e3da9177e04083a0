package dev.heddle.shard;

import java.util.Set;

/**
 * A scored query needs figures that the read's {@link StatisticsSnapshot} lacks. Nothing was
 * searched; the caller fetches them and runs the function again.
 */
public final class MissingStatisticsException extends RuntimeException {
  private static final long serialVersionUID = 1;

  private final transient Set<TermKey> terms;
  private final boolean fields;

  MissingStatisticsException(Set<TermKey> terms, boolean fields) {
    super("statistics: " + terms + (fields ? " and fields" : "") + " (expected: in the snapshot)");
    this.terms = Set.copyOf(terms);
    this.fields = fields;
  }

  public Set<TermKey> terms() {
    return terms;
  }

  /** Whether figures of a field are missing too. */
  public boolean fields() {
    return fields;
  }
}
