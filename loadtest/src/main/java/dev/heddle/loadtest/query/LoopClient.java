package dev.heddle.loadtest.query;

import dev.heddle.loadtest.http.HttpConnection;
import dev.heddle.loadtest.http.HttpReply;
import dev.heddle.loadtest.http.HttpRequest;
import dev.heddle.loadtest.measure.RequestLog;
import dev.heddle.process.Ticker;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * One client of the closed loop: sends, waits for the whole answer, checks it, sends the next. The
 * clock runs from before the first byte goes out until the last byte came in; connecting and
 * checking stay outside. Owned by one thread at a time; {@link #close} may come from any.
 */
final class LoopClient implements AutoCloseable {
  /** So many failures in a row mean that there is nothing to measure any more. */
  private static final int MAX_FAILURES = 20;

  private final ClusterEdge edge;
  private final List<WorkloadQuery> queries;
  private final HttpRequest[] requests;
  private final AnswerBook book;
  private final Ticker ticker;
  private volatile @Nullable HttpConnection connection;
  private volatile boolean closed;

  /**
   * A run that clients share.
   *
   * @param schedule numbers of queries in their order
   * @param next place in the schedule that nobody has taken yet
   * @param began on the clock
   */
  record Course(String name, int[] schedule, AtomicInteger next, long began, RequestLog requests) {}

  LoopClient(
      ClusterEdge edge,
      List<WorkloadQuery> queries,
      HttpRequest[] requests,
      AnswerBook book,
      Ticker ticker) {
    this.edge = edge;
    this.queries = queries;
    this.requests = requests;
    this.book = book;
    this.ticker = ticker;
  }

  /** Takes queries off the schedule until it ends, the client is closed, or the server is gone. */
  void run(Course course, Tally tally) {
    int failures = 0;
    long idleSince = ticker.nanoTime();
    while (!closed && failures < MAX_FAILURES) {
      int at = course.next().getAndIncrement();
      if (at >= course.schedule().length) {
        return;
      }
      int query = course.schedule()[at];
      long began;
      long ended;
      HttpReply reply;
      try {
        var open = connected();
        began = ticker.nanoTime();
        reply = open.exchange(requests[query]);
        ended = ticker.nanoTime();
      } catch (IOException e) {
        tally.error(told(query, e.toString()));
        failures++;
        continue;
      }
      tally.own(began - idleSince);
      idleSince = ended;
      tally.ended(ended - course.began());
      boolean answered = judge(query, reply, ended - began, tally);
      course
          .requests()
          .add(
              new RequestLog.Request(
                  course.name(),
                  began - course.began(),
                  ended - began,
                  answered ? "ok" : "status " + reply.status()));
      failures = answered ? 0 : failures + 1;
    }
  }

  private HttpConnection connected() throws IOException {
    var open = connection;
    if (open != null && open.usable()) {
      return open;
    }
    if (open != null) {
      open.close();
    }
    open = edge.open();
    connection = open;
    if (closed) {
      open.close();
    }
    return open;
  }

  /** Whether it was an answer at all. */
  private boolean judge(int query, HttpReply reply, long nanos, Tally tally) {
    if (!reply.ok()) {
      tally.error(told(query, "status " + reply.status() + ", " + reply.excerpt()));
      return false;
    }
    var read = AnswerReader.read(reply.body());
    if (read.isEmpty()) {
      tally.error(told(query, "no answer: " + reply.excerpt()));
      return false;
    }
    var answer = read.get();
    tally.answered(queries.get(query).kind(), nanos, answer);
    if (answer.partial()) {
      tally.partial(told(query, "partial: " + answer.coverage()));
    } else if (!book.agrees(query, answer.ids())) {
      tally.wrong(told(query, "other hits than before: " + String.join(", ", answer.ids())));
    }
    return true;
  }

  private String told(int query, String what) {
    return what + "; query " + queries.get(query).json();
  }

  @Override
  public void close() throws IOException {
    closed = true;
    var open = connection;
    if (open != null) {
      open.close();
    }
  }
}
