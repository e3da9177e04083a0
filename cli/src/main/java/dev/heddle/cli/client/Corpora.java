package dev.heddle.cli.client;

import dev.heddle.cli.terminal.Console;
import dev.heddle.cli.terminal.Progress;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.Ticker;
import dev.heddle.sample.search.Corpus;
import dev.heddle.sample.search.CorpusSource;
import dev.heddle.sample.search.DbpediaCorpus;
import dev.heddle.sample.search.JsonlCorpus;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** Finds the corpus that a person named. */
public final class Corpora {
  private final Path sample;
  private final Console console;
  private final Ticker ticker;

  /**
   * @param sample the folder of the sample application, with {@code app/schema.json}
   */
  public Corpora(Path sample, Console console, Ticker ticker) {
    this.sample = sample;
    this.console = console;
    this.ticker = ticker;
  }

  /**
   * The default corpus, fetched if it is not in the cache, with progress.
   *
   * @param schemaJson instead of the sample's
   */
  public Corpus dbpedia(Optional<String> schemaJson) throws IOException {
    try (Fetching fetching = new Fetching()) {
      return new DbpediaCorpus(
          new CorpusSource().fetch(fetching),
          schemaJson.isPresent() ? schemaJson.get() : sampleSchema());
    }
  }

  /**
   * A user's JSONL file, plain or gzip; or the default corpus' jar, fetched by other means.
   *
   * @param schemaJson instead of a schema made from the first documents
   */
  public Corpus file(Path file, Optional<String> schemaJson) throws IOException {
    if (!Files.isRegularFile(file)) {
      throw new HeddleException(
          ErrorCode.NOT_FOUND, "corpus: " + file + ": not there (expected: a JSONL file)");
    }
    if (isZip(file)) {
      DbpediaCorpus.verify(file);
      return new DbpediaCorpus(file, schemaJson.isPresent() ? schemaJson.get() : sampleSchema());
    }
    return new JsonlCorpus(file, schemaJson, JsonlCorpus.Limits.DEFAULT);
  }

  private String sampleSchema() throws IOException {
    return Files.readString(sample.resolve("app/schema.json"));
  }

  private static boolean isZip(Path file) throws IOException {
    try (InputStream in = Files.newInputStream(file)) {
      return in.read() == 'P' && in.read() == 'K';
    }
  }

  /** Shown from the first byte on; a corpus in the cache is not worth a word. */
  private final class Fetching implements CorpusSource.Listener, AutoCloseable {
    private volatile Optional<Progress> progress = Optional.empty();

    @Override
    public synchronized void progress(long bytes, long total) {
      if (progress.isEmpty()) {
        progress = Optional.of(new Progress(console, ticker, "fetched", Progress.Unit.BYTES));
      }
      progress.get().update(bytes, Math.max(0, total));
    }

    @Override
    public void damaged(String message) {
      console.note("heddle: " + message);
    }

    @Override
    public void close() {
      progress.ifPresent(Progress::close);
    }
  }
}
