package dev.heddle.shard;

import java.util.List;

/**
 * Some documents of a shard, in the order of their ids.
 *
 * @param more whether there are others behind the last one
 * @param index the state that was read, of the shard's log
 * @param incarnation of the shard that the index belongs to
 * @param stalenessMicros how old the state may be; 0: nothing newer can be anywhere
 */
public record DocumentPage(
    List<Entry> documents, boolean more, long index, String incarnation, long stalenessMicros) {
  public DocumentPage {
    documents = List.copyOf(documents);
  }

  /** A document with its id. */
  public record Entry(String id, StoredDocument document) {}
}
