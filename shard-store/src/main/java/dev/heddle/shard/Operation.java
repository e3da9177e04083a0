package dev.heddle.shard;

/** A change of one document. */
public sealed interface Operation {
  String id();

  /**
   * Stores the document, in place of any with the same id.
   *
   * @param json an object in UTF-8; not changed afterwards by the caller
   */
  record Put(String id, byte[] json) implements Operation {}

  /** Removes the document, if there. */
  record Delete(String id) implements Operation {}
}
