package dev.heddle.gateway.http;

import dev.heddle.process.Threads;
import java.time.Duration;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.eclipse.jetty.http.HttpParser;
import org.eclipse.jetty.io.Connection;
import org.eclipse.jetty.io.EndPoint;
import org.eclipse.jetty.server.internal.HttpConnection;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Closes connections whose clients drip: Jetty's idle timeout begins anew with each byte, and its
 * minimum data rate is only a setting. A request's line and headers have to be there in time, and a
 * body has to come at some rate, by the time that the gateway waited for it. One thread looks at
 * all HTTP connections in turn. Thread-safe.
 */
final class SlowRequests implements Connection.Listener, AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(SlowRequests.class);
  private static final int LOOKS = 8;
  private static final Duration LONGEST_LOOK = Duration.ofSeconds(1);

  private final long headNanos;
  private final long bytesPerSecond;
  private final long lookNanos;
  private final ConcurrentHashMap<HttpConnection, Course> courses = new ConcurrentHashMap<>();
  private final ScheduledExecutorService looks =
      Executors.newSingleThreadScheduledExecutor(Threads.named("heddle-slow-requests"));

  /**
   * Watches nobody yet.
   *
   * @param head time for a request's line and headers, and what a body may be late by
   * @param bytesPerSecond of a body, on average
   */
  SlowRequests(Duration head, long bytesPerSecond) {
    this.headNanos = head.toNanos();
    this.bytesPerSecond = bytesPerSecond;
    this.lookNanos =
        Math.clamp(headNanos / LOOKS, TimeUnit.MILLISECONDS.toNanos(1), LONGEST_LOOK.toNanos());
  }

  /** How far a connection's request has come. Owned by the looking thread. */
  private static final class Course {
    /** When the request began, which tells requests apart. */
    private long begun;

    private long bytesBefore;
    private long waitedNanos;
    private boolean body;
  }

  void start() {
    var _ = looks.scheduleWithFixedDelay(this::look, lookNanos, lookNanos, TimeUnit.NANOSECONDS);
  }

  @Override
  public void onOpened(Connection connection) {
    if (connection instanceof HttpConnection http) {
      courses.put(http, new Course());
    }
  }

  @Override
  public void onClosed(Connection connection) {
    if (connection instanceof HttpConnection http) {
      courses.remove(http);
    }
  }

  private void look() {
    try {
      courses.forEach((connection, course) -> {
        if (slow(connection, course)) {
          courses.remove(connection);
          log.debug("slow request closed connection={}", connection);
          connection.getEndPoint().close();
        }
      });
    } catch (RuntimeException e) {
      log.warn("slow requests are not looked for this time", e);
    }
  }

  private boolean slow(HttpConnection connection, Course course) {
    HttpParser parser = connection.getParser();
    long begun = parser.getBeginNanoTime();
    return switch (parser.getState()) {
      case METHOD, URI, SPACE1, SPACE2, REQUEST_VERSION, HEADER -> {
        // The same request as at the last look: the parser's fields are another thread's.
        boolean same = course.begun == begun && !course.body;
        course.begun = begun;
        course.body = false;
        yield same && System.nanoTime() - begun > headNanos;
      }
      case CONTENT, EOF_CONTENT, CHUNKED_CONTENT, CHUNK_SIZE, CHUNK, CHUNK_END, TRAILER ->
          slowBody(connection, course, begun);
      default -> false;
    };
  }

  private boolean slowBody(HttpConnection connection, Course course, long begun) {
    if (course.begun != begun || !course.body) {
      course.begun = begun;
      course.body = true;
      course.bytesBefore = connection.getBytesIn();
      course.waitedNanos = 0;
      return false;
    }
    EndPoint socket = connection.getEndPoint();
    if (!socket.isFillInterested()) {
      return false;
    }
    course.waitedNanos += lookNanos;
    double late = course.waitedNanos - (double) headNanos;
    double owed = bytesPerSecond * late / TimeUnit.SECONDS.toNanos(1);
    return late > 0 && connection.getBytesIn() - course.bytesBefore < owed;
  }

  @Override
  public void close() {
    looks.shutdownNow();
  }
}
