package dev.heddle.sample.search;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Iterator;

/** Documents to load into a dataset, and the schema that fits them. */
public interface Corpus {
  /**
   * The dataset's schema as {@code POST /v1/datasets} takes it: {@code {"fields":[…],"rank":…}}.
   */
  String schemaJson();

  /**
   * Starts over from the first document.
   *
   * @throws CorpusException if this is no such corpus
   */
  Documents open() throws IOException;

  /**
   * One document.
   *
   * @param json its fields as a JSON object in UTF-8, without the id
   */
  record Document(String id, byte[] json) {}

  /**
   * A run over the documents. {@link #next} throws {@link UncheckedIOException} when the file
   * cannot be read on, and {@link CorpusException} when it is damaged.
   */
  interface Documents extends Iterator<Document>, AutoCloseable {
    Progress progress();

    /** What could not become a document so far. */
    Rejections rejections();

    @Override
    void close() throws IOException;
  }

  /**
   * How far a run is.
   *
   * @param documents handed out so far
   * @param done parts of {@code total} that are read; documents or bytes
   */
  record Progress(long documents, long done, long total) {
    /** 0..1. */
    public double ratio() {
      return total <= 0 ? 0 : Math.min(1, (double) done / total);
    }
  }
}
