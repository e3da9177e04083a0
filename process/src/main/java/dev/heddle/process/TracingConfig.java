package dev.heddle.process;

import java.net.URI;
import java.net.URISyntaxException;
import java.time.Duration;

/**
 * Whether and where a process sends its spans.
 *
 * @param endpoint URL of a collector that takes OTLP over HTTP, such as {@code
 *     http://127.0.0.1:4318}; without a path, that of the standard is meant; empty: no spans
 * @param sample share of the requests without a {@code traceparent} that are traced, 0..1; one with
 *     it says itself whether it is
 * @param queue ended spans that may wait to be sent; further ones are dropped
 * @param timeout for one batch, with its repetitions
 * @param flush time at the end for what still waits
 */
public record TracingConfig(
    String endpoint, double sample, int queue, Duration timeout, Duration flush) {
  private static final String PATH = "/v1/traces";

  public TracingConfig {
    if (!endpoint.isEmpty()) {
      url(endpoint);
    }
    if (!(sample >= 0 && sample <= 1)) {
      throw new IllegalArgumentException("sample: " + sample + " (expected: 0..1)");
    }
    if (queue < 1 || queue > 1 << 20) {
      throw new IllegalArgumentException("queue: " + queue + " (expected: 1..1048576)");
    }
    if (!timeout.isPositive()) {
      throw new IllegalArgumentException(
          "timeout: " + DurationFormat.format(timeout) + " (expected: more than 0)");
    }
    if (flush.isNegative()) {
      throw new IllegalArgumentException(
          "flush: " + DurationFormat.format(flush) + " (expected: 0 or more)");
    }
  }

  /** No spans. */
  public static TracingConfig defaults() {
    return new TracingConfig("", 1, 4096, Duration.ofSeconds(10), Duration.ofSeconds(3));
  }

  /** The same to another collector. */
  public TracingConfig withEndpoint(String other) {
    return new TracingConfig(other, sample, queue, timeout, flush);
  }

  boolean on() {
    return !endpoint.isEmpty();
  }

  /** Where batches are POSTed. */
  String url() {
    return url(endpoint);
  }

  private static String url(String endpoint) {
    URI uri;
    try {
      uri = new URI(endpoint);
    } catch (URISyntaxException e) {
      throw refused(endpoint);
    }
    boolean http = "http".equals(uri.getScheme()) || "https".equals(uri.getScheme());
    // Who may write the URL into a log may not know the password.
    if (!http || uri.getHost() == null || uri.getUserInfo() != null || uri.getFragment() != null) {
      throw refused(endpoint);
    }
    String path = uri.getRawPath();
    if (path != null && path.length() > 1) {
      return endpoint;
    }
    if (uri.getQuery() != null) {
      throw refused(endpoint);
    }
    return (endpoint.endsWith("/") ? endpoint.substring(0, endpoint.length() - 1) : endpoint)
        + PATH;
  }

  private static IllegalArgumentException refused(String endpoint) {
    return new IllegalArgumentException(
        "endpoint: "
            + endpoint.replaceAll("//[^/@]*@", "//…@")
            + " (expected: http(s)://host:port with or without a path, without a user)");
  }
}
