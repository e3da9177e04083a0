package dev.heddle.cli.client;

import java.util.List;

/**
 * Documents that were read.
 *
 * @param more whether there may be others behind the last one
 * @param stalenessMicros how old the view may be that was read; 0: none newer
 * @param positionToken what was seen, for later reads
 */
public record DocumentPage(
    List<StoredDocument> documents, boolean more, long stalenessMicros, String positionToken) {
  public DocumentPage {
    documents = List.copyOf(documents);
  }
}
