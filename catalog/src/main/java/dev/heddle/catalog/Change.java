package dev.heddle.catalog;

import java.util.OptionalLong;

/** One change of a write to the catalog. */
public sealed interface Change {
  /** The key that changes. */
  String key();

  /**
   * The revision that the entry must have, 0: it must not exist; empty: any. See {@link
   * CatalogView#revisionOf}.
   */
  OptionalLong expectedRevision();

  /**
   * Creates or replaces an entry.
   *
   * @param record a {@link DatasetRecord}, {@link FunctionRecord} or {@link AppRecord}
   */
  record Put(Object record, OptionalLong expectedRevision) implements Change {
    public Put {
      if (record instanceof NodeRecord) {
        throw new IllegalArgumentException("record: a node (expected: nodes register instead)");
      }
      CatalogKeys.of(record);
    }

    @Override
    public String key() {
      return CatalogKeys.of(record);
    }
  }

  /** Removes an entry; fine where it does not exist, unless a revision is expected. */
  record Delete(String key, OptionalLong expectedRevision) implements Change {
    public Delete {
      CatalogKeys.check(key);
    }
  }

  /** Creates or replaces, whatever is there. */
  static Change put(Object record) {
    return new Put(record, OptionalLong.empty());
  }

  /** Creates; a conflict where the key exists. */
  static Change create(Object record) {
    return new Put(record, OptionalLong.of(0));
  }

  /** Replaces what was read at {@code revision}. */
  static Change replace(Object record, long revision) {
    return new Put(record, OptionalLong.of(revision));
  }

  /** Removes, whatever is there. */
  static Change delete(String key) {
    return new Delete(key, OptionalLong.empty());
  }

  /** Removes what was read at {@code revision}. */
  static Change delete(String key, long revision) {
    return new Delete(key, OptionalLong.of(revision));
  }
}
