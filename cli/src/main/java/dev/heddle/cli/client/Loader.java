package dev.heddle.cli.client;

import dev.heddle.cli.terminal.Console;
import dev.heddle.cli.terminal.Figures;
import dev.heddle.cli.terminal.Progress;
import dev.heddle.process.Ticker;
import dev.heddle.sample.search.Corpus;
import dev.heddle.sample.search.Rejections;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;

/** Loads a corpus into a dataset, with progress. */
public final class Loader {
  private final ClusterGrpcClient cluster;
  private final Console console;
  private final Ticker ticker;

  public Loader(ClusterGrpcClient cluster, Console console, Ticker ticker) {
    this.cluster = cluster;
    this.console = console;
    this.ticker = ticker;
  }

  /**
   * What became of a corpus.
   *
   * @param written documents that are durable now
   * @param unreadable lines that could not become documents
   * @param refused documents that the dataset did not take
   * @param reasons of the first few of both
   */
  public record Result(
      long written, long unreadable, long refused, List<String> reasons, long nanos) {
    public Result {
      reasons = List.copyOf(reasons);
    }

    public long rejected() {
      return unreadable + refused;
    }

    public long documentsPerSecond() {
      return nanos <= 0 ? 0 : Math.round(written * 1e9 / nanos);
    }
  }

  /** Reads all documents and returns when each is durable or rejected. */
  public Result load(String dataset, Corpus corpus) throws IOException, InterruptedException {
    long startedAt = ticker.nanoTime();
    Counts counts = new Counts();
    Rejections unreadable;
    try (Corpus.Documents documents = corpus.open();
        Progress progress = new Progress(console, ticker, "indexed", Progress.Unit.DOCUMENTS);
        BulkGrpcClient bulk =
            new BulkGrpcClient(cluster, dataset, BulkGrpcClient.Limits.DEFAULT, counts)) {
      while (documents.hasNext()) {
        Corpus.Document document = documents.next();
        bulk.write(document.id(), document.json());
        progress.update(counts.written.get(), expected(documents.progress()));
      }
      bulk.complete();
      progress.update(counts.written.get(), documents.progress().documents());
      unreadable = documents.rejections();
    }
    return new Result(
        counts.written.get(),
        unreadable.count(),
        counts.refused.get(),
        counts.reasons(unreadable),
        ticker.nanoTime() - startedAt);
  }

  /** Tells about what was left out, at some length but not endlessly. */
  public void tellRejections(Result result) {
    if (result.rejected() == 0) {
      return;
    }
    console.note("heddle: rejected " + Figures.count(result.rejected(), "document") + ", such as:");
    result.reasons().forEach(reason -> console.note("    " + Figures.shorten(reason, 200)));
  }

  /** Files that tell bytes instead of documents are extrapolated. */
  private static long expected(Corpus.Progress progress) {
    if (progress.done() == progress.documents()) {
      return progress.total();
    }
    double ratio = progress.ratio();
    return ratio <= 0 ? 0 : Math.round(progress.documents() / ratio);
  }

  /** Written by the channel's thread, read by the loading one. */
  private static final class Counts implements BulkGrpcClient.Listener {
    final AtomicLong written = new AtomicLong();
    final AtomicLong refused = new AtomicLong();
    private final List<String> first = new ArrayList<>();

    @Override
    public void written(int documents) {
      written.addAndGet(documents);
    }

    @Override
    public void rejected(String id, String error) {
      refused.incrementAndGet();
      synchronized (first) {
        if (first.size() < Rejections.KEPT) {
          first.add(id + ": " + error);
        }
      }
    }

    List<String> reasons(Rejections unreadable) {
      List<String> reasons = new ArrayList<>();
      unreadable.first().forEach(rejection -> reasons.add(rejection.toString()));
      synchronized (first) {
        reasons.addAll(first);
      }
      return reasons;
    }
  }
}
