package dev.heddle.loadtest.query;

import dev.heddle.loadtest.http.HttpRequest;
import dev.heddle.loadtest.measure.RequestLog;
import dev.heddle.process.Closer;
import dev.heddle.process.Threads;
import dev.heddle.process.Ticker;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A fixed number of clients, each of which sends its next query when it has the answer to the last
 * one. Connections last from run to run. Owned by one thread.
 */
final class ClosedLoop implements AutoCloseable {
  private final List<LoopClient> clients = new ArrayList<>();
  private final AnswerBook book;
  private final int queries;
  private final Random random;
  private final Ticker ticker;
  private final Closer closer = new Closer();

  ClosedLoop(
      ClusterEdge edge, List<WorkloadQuery> queries, int clients, Random random, Ticker ticker) {
    this.queries = queries.size();
    this.random = random;
    this.ticker = ticker;
    this.book = new AnswerBook(queries.size());
    var requests =
        queries.stream().map(each -> edge.query(each.body())).toArray(HttpRequest[]::new);
    for (int i = 0; i < clients; i++) {
      this.clients.add(
          closer.register("client " + i, new LoopClient(edge, queries, requests, book, ticker)));
    }
  }

  AnswerBook book() {
    return book;
  }

  /** Sends so many requests, every query as often as any other or once more, in random order. */
  Tally run(int count) throws InterruptedException {
    return run("", count, RequestLog.NONE);
  }

  /** Sends requests as a run of this name, and tells of each. */
  Tally run(String name, int count, RequestLog requests) throws InterruptedException {
    var course =
        new LoopClient.Course(
            name, schedule(count), new AtomicInteger(), ticker.nanoTime(), requests);
    var tallies = new ArrayList<Tally>();
    var threads = new ArrayList<Thread>();
    var factory = Threads.named("bench-client");
    for (var client : clients) {
      var tally = new Tally();
      tallies.add(tally);
      threads.add(factory.newThread(() -> client.run(course, tally)));
    }
    threads.forEach(Thread::start);
    try {
      for (var thread : threads) {
        thread.join();
      }
    } catch (InterruptedException e) {
      // Their reads do not see interrupts; closed connections they do.
      close();
      throw e;
    }
    var sum = new Tally();
    tallies.forEach(sum::add);
    return sum;
  }

  int[] schedule(int count) {
    var schedule = new int[count];
    for (int i = 0; i < count; i++) {
      schedule[i] = i % queries;
    }
    for (int i = count - 1; i > 0; i--) {
      int other = random.nextInt(i + 1);
      int swapped = schedule[i];
      schedule[i] = schedule[other];
      schedule[other] = swapped;
    }
    return schedule;
  }

  @Override
  public void close() {
    closer.close();
  }
}
