package dev.heddle.aggregations;

import dev.heddle.function.ScatterFunction;
import java.util.Map;
import java.util.function.Supplier;

/** The scatter functions that every cluster has without a deploy. */
public final class BuiltIns {
  /** Name of the function that runs where a query names none. */
  public static final String SEARCH = "search";

  private BuiltIns() {}

  /** Makers of fresh instances, by name. */
  public static Map<String, Supplier<ScatterFunction<?, ?>>> all() {
    return Map.of(SEARCH, SearchFunction::new);
  }
}
