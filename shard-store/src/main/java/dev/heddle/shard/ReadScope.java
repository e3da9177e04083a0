package dev.heddle.shard;

import dev.heddle.function.BadRequestException;
import dev.heddle.function.Query;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * What readers act under: those of one call share one, so that what they have in common is made out
 * once. For one thread at a time.
 */
public final class ReadScope {
  private final StatisticsSnapshot statistics;
  private final BooleanSupplier stopped;
  private final ShardMeter meter;

  /** The last query that could be translated as a whole, for which schema, and what it became. */
  private @Nullable Query query;

  private @Nullable SchemaFields fields;
  private @Nullable TranslatedQuery translated;

  /**
   * @param statistics what scores go by
   * @param stopped whether to stop now: cancelled, or past the deadline; polled at least once in
   *     1,024 documents, so it must be cheap
   * @param meter counts what readers do
   */
  public ReadScope(StatisticsSnapshot statistics, BooleanSupplier stopped, ShardMeter meter) {
    this.statistics = statistics;
    this.stopped = stopped;
    this.meter = meter;
  }

  StatisticsSnapshot statistics() {
    return statistics;
  }

  BooleanSupplier stopped() {
    return stopped;
  }

  ShardMeter meter() {
    return meter;
  }

  /**
   * The query as Lucene's. Shards of a dataset mostly have the same schema: it is then translated
   * for the first one. Where figures are missing it is made anew each time, as they may be learnt.
   *
   * @throws BadRequestException if the query makes no sense for the schema
   */
  @SuppressWarnings("ReferenceEquality") // To compare it would take longer than it saves.
  TranslatedQuery translate(Query asked, SchemaFields schema) {
    var known = translated;
    if (known != null && asked == query && schema.sameAs(fields)) {
      return known;
    }
    var made = QueryTranslation.translate(asked, schema, statistics);
    if (made.complete()) {
      query = asked;
      fields = schema;
      translated = made;
    }
    return made;
  }
}
