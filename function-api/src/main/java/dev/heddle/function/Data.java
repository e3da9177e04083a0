package dev.heddle.function;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * The documents of the tenant's datasets, as a handler sees them. What an invocation has written or
 * seen, its later reads see, too, on any replica; so do the later requests of the same session.
 *
 * <p>Every method throws {@link BadRequestException} for what the platform refuses (an unknown
 * dataset or field, a document that is no good, a version that does not match), and {@link
 * PlatformException} for what failed.
 */
public interface Data {
  Optional<Document> get(String dataset, String id);

  /** The documents that there are, by id; at most 100 ids. */
  List<Document> get(String dataset, List<String> ids);

  /**
   * Writes the whole document.
   *
   * @param fields plain JSON values by field
   * @param ifVersion the version that it must have, 0 for absent; empty: any
   * @return its new version
   */
  long put(String dataset, String id, Map<String, ?> fields, OptionalLong ifVersion);

  /** As {@link #put(String, String, Map, OptionalLong)}, whatever is there. */
  default long put(String dataset, String id, Map<String, ?> fields) {
    return put(dataset, id, fields, OptionalLong.empty());
  }

  /**
   * Changes fields of a document by a JSON merge patch (RFC 7396).
   *
   * @return its new version
   */
  long patch(String dataset, String id, Map<String, ?> patch, OptionalLong ifVersion);

  /** Deletes the document; whether it was there. */
  boolean delete(String dataset, String id, OptionalLong ifVersion);

  /**
   * Asks a query.
   *
   * @param query as the body of the HTTP call {@code POST /v1/datasets/{dataset}/query}
   * @return as that call answers: {@code hits}, {@code total}, {@code aggs}, {@code result}, {@code
   *     coverage}, {@code bill}
   */
  JsonObject query(String dataset, Map<String, ?> query);

  /**
   * A document.
   *
   * @param version grows with every write of the document
   */
  record Document(String id, long version, JsonObject fields) {
    /** The value of a field, or null. */
    public @Nullable Object get(String field) {
      return fields.get(field);
    }
  }
}
