package dev.heddle.loadtest.store;

import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.sample.search.Corpus;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;

/** Reads documents of a corpus into memory. */
public final class CorpusDocuments {
  private CorpusDocuments() {}

  /** The first so many. */
  public static List<Corpus.Document> read(Corpus corpus, int most) {
    var documents = new ArrayList<Corpus.Document>();
    try (var run = corpus.open()) {
      while (run.hasNext() && documents.size() < most) {
        documents.add(run.next());
      }
    } catch (IOException | UncheckedIOException e) {
      throw new HeddleException(ErrorCode.STORAGE_FAILED, "corpus: " + e.getMessage(), e);
    }
    if (documents.isEmpty()) {
      throw new HeddleException(ErrorCode.INVALID_REQUEST, "corpus: no documents (expected: some)");
    }
    return documents;
  }
}
