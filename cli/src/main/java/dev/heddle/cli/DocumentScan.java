package dev.heddle.cli;

import dev.heddle.cli.client.ClusterGrpcClient;
import dev.heddle.cli.client.DocumentPage;
import dev.heddle.cli.client.DocumentsGrpcClient;
import dev.heddle.cli.client.StoredDocument;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Goes through a dataset page by page, in the order of ids.
 *
 * @param after begin behind this id; empty: from the first
 * @param limit documents at most; 0: all
 */
record DocumentScan(String dataset, ReadOptions reading, String after, int limit) {
  private static final int PAGE = 200;

  /** Hands on each document, and returns the last page, whose token covers all of them. */
  DocumentPage run(ClusterGrpcClient connection, Consumer<StoredDocument> each) {
    Optional<String> token = reading.position();
    String last = after;
    int done = 0;
    DocumentPage page;
    do {
      int size = limit == 0 ? PAGE : Math.min(PAGE, limit - done);
      page = new DocumentsGrpcClient(connection, dataset, token).scan(last, size, reading.level());
      page.documents().forEach(each);
      if (page.documents().isEmpty()) {
        return page;
      }
      last = page.documents().getLast().id();
      done += page.documents().size();
      // Each page sees at least what the ones before saw.
      token = page.positionToken().isEmpty() ? token : Optional.of(page.positionToken());
    } while (page.more() && (limit == 0 || done < limit));
    return page;
  }
}
