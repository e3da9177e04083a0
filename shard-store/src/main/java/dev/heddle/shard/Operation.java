package dev.heddle.shard;

import java.util.OptionalLong;

/** A change of one document. */
public sealed interface Operation {
  String id();

  /** Only if the document has this version; 0: only if there is none. Empty: in any case. */
  OptionalLong ifVersion();

  /**
   * Stores the document, in place of any with the same id.
   *
   * @param json an object in UTF-8; not changed afterwards by the caller
   */
  record Put(String id, byte[] json, OptionalLong ifVersion) implements Operation {
    public Put(String id, byte[] json) {
      this(id, json, OptionalLong.empty());
    }
  }

  /**
   * Changes members of the document, as RFC 7396 says; there has to be one.
   *
   * @param json an object in UTF-8; not changed afterwards by the caller
   */
  record Patch(String id, byte[] json, OptionalLong ifVersion) implements Operation {}

  /** Removes the document, if there. */
  record Delete(String id, OptionalLong ifVersion) implements Operation {
    public Delete(String id) {
      this(id, OptionalLong.empty());
    }
  }
}
