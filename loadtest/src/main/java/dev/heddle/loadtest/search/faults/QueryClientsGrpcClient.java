package dev.heddle.loadtest.search.faults;

import dev.heddle.loadtest.chaos.Pacing;
import dev.heddle.process.Channels;
import dev.heddle.process.GrpcErrors;
import dev.heddle.process.GrpcMetadata;
import dev.heddle.process.HostPort;
import dev.heddle.process.Threads;
import dev.heddle.process.Ticker;
import dev.heddle.v1.QueryGrpc;
import dev.heddle.v1.QueryResponse;
import io.grpc.Metadata;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.MetadataUtils;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;

/**
 * Clients that ask, check and note, each one query after the other with a pause before it. For one
 * thread; clients have threads of their own.
 */
final class QueryClientsGrpcClient {
  /** The call's own time; far beyond any query's deadline, so that lateness is seen. */
  private static final Duration CALL = Duration.ofMinutes(2);

  /** For how long a query comes again that the coordinator has no place for. */
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  private static final int REPORT = 1_000;
  private static final Duration NOTED = Duration.ofMillis(20);

  private final QueryGrpc.QueryBlockingStub stub;
  private final String dataset;
  private final Duration deadline;
  private final AnswerCheckWire check;
  private final Ticker ticker;
  private final Consumer<String> progress;

  /**
   * @param token of everything that was loaded
   * @param deadline of each query
   */
  QueryClientsGrpcClient(
      Channels channels,
      HostPort coordinator,
      String dataset,
      String token,
      Duration deadline,
      KnownDocuments known,
      Ticker ticker,
      Consumer<String> progress) {
    var headers = new Metadata();
    headers.put(GrpcMetadata.POSITION, token);
    this.stub =
        QueryGrpc.newBlockingStub(channels.to(coordinator.toString()))
            .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(headers));
    this.dataset = dataset;
    this.deadline = deadline;
    this.check = new AnswerCheckWire(known);
    this.ticker = ticker;
    this.progress = progress;
  }

  /**
   * Asks so many queries that the seed fixes; returns when all have ended.
   *
   * @param time that this is to take, about; with more than a pause may give, it takes longer
   * @param tally takes what comes of them
   */
  void run(int queries, int clients, Duration time, long seed, QueryTallyWire tally)
      throws InterruptedException {
    var next = new AtomicInteger();
    var stopped = new AtomicBoolean();
    long mean = time.toNanos() * clients / queries;
    var threads = new ArrayList<Thread>();
    for (int i = 0; i < clients; i++) {
      var random = new Random(seed + i);
      threads.add(
          Threads.virtual("query-client")
              .newThread(() -> drive(random, mean, next, queries, stopped, tally)));
    }
    threads.forEach(Thread::start);
    try {
      for (var thread : threads) {
        thread.join();
      }
    } finally {
      stopped.set(true);
    }
  }

  private void drive(
      Random random,
      long meanPause,
      AtomicInteger next,
      int queries,
      AtomicBoolean stopped,
      QueryTallyWire tally) {
    try {
      for (int at = next.getAndIncrement(); at < queries; at = next.getAndIncrement()) {
        var asked = AskedWire.of(random);
        Pacing.pause(Duration.ofNanos(random.nextLong(2 * meanPause + 1)), ticker, stopped::get);
        if (stopped.get()) {
          return;
        }
        ask(asked, tally);
        if ((at + 1) % REPORT == 0) {
          progress.accept("query " + (at + 1) + ": " + tally);
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /**
   * Asks, and comes again as told where the coordinator has no place; returns whether the answer is
   * right, of all shards, and has all hits.
   */
  boolean ask(AskedWire asked, QueryTallyWire tally) {
    long began = ticker.nanoTime();
    try {
      while (true) {
        try {
          return once(asked, tally);
        } catch (StatusRuntimeException e) {
          var wait = GrpcErrors.fromStatus(e).retryAfter();
          long waited = ticker.nanoTime() - began;
          if (!wait.isPositive() || waited + wait.toNanos() > PATIENCE.toNanos()) {
            tally.unanswered(asked + ": " + e.getStatus());
            return false;
          }
          tally.refused();
          Pacing.pause(wait, ticker, () -> false);
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      tally.unanswered(asked + ": interrupted");
      return false;
    } catch (RuntimeException e) {
      // Whatever cannot be read is a wrong answer, too.
      tally.broken(asked + ": " + e);
      return false;
    }
  }

  private boolean once(AskedWire asked, QueryTallyWire tally) {
    var request = asked.request(dataset, deadline);
    var timed = stub.withDeadlineAfter(CALL.toNanos(), TimeUnit.NANOSECONDS);
    long began = ticker.nanoTime();
    var answers = asked.streamed() ? timed.stream(request) : List.of(timed.run(request)).iterator();
    var last = next(answers);
    while (asked.streamed() && !last.getFinal()) {
      tally.improved();
      tally.checked(check.of(asked, last));
      last = next(answers);
    }
    long nanos = ticker.nanoTime() - began;
    var verdict = check.of(asked, last);
    if (answers.hasNext()) {
      verdict = verdict.and(asked + ": another answer after the last (expected: none)");
    }
    tally.checked(verdict);
    tally.answered(last, nanos, deadline);
    if (nanos - deadline.toNanos() > NOTED.toNanos()) {
      progress.accept(
          "late: %d ms, of which %d ms by the coordinator's clock; missing %s; %s"
              .formatted(
                  nanos / 1_000_000,
                  last.getTookMicros() / 1_000,
                  last.getCoverage().getMissingList(),
                  asked));
    }
    return verdict.wrong().isEmpty() && QueryTallyWire.full(last);
  }

  private static QueryResponse next(Iterator<QueryResponse> answers) {
    if (!answers.hasNext()) {
      throw new IllegalStateException("the stream ended (expected: after a final answer)");
    }
    return answers.next();
  }
}
