package dev.heddle.gateway.backend;

import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.Threads;
import dev.heddle.process.TraceContext;
import dev.heddle.process.Tracing;
import io.opentelemetry.api.trace.SpanKind;
import java.io.IOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Events for HTTP services: each is POSTed as JSON, and the answer is read as a handler's reply.
 * Redirects are not followed. Blocking; thread-safe.
 */
public final class ServiceClient implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(ServiceClient.class);
  private static final Duration CONNECT = Duration.ofSeconds(5);

  /** One list of services serves all tenants: a service has to know whose event it gets. */
  private static final String TENANT = "Heddle-Tenant";

  private final ServiceTargets targets;
  private final Tracing tracing;
  private final ExecutorService threads =
      Executors.newThreadPerTaskExecutor(Threads.virtual("heddle-service"));
  private final HttpClient client =
      HttpClient.newBuilder()
          .version(HttpClient.Version.HTTP_1_1)
          .followRedirects(HttpClient.Redirect.NEVER)
          .connectTimeout(CONNECT)
          .executor(threads)
          .build();

  /** Without spans. */
  public ServiceClient(ServiceTargets targets) {
    this(targets, Tracing.off());
  }

  /**
   * Creates a client.
   *
   * @param tracing makes a span of each call of an event that is traced; the service is told it
   */
  public ServiceClient(ServiceTargets targets, Tracing tracing) {
    this.targets = targets;
    this.tracing = tracing;
  }

  /**
   * A service's answer.
   *
   * @param body JSON, or nothing
   */
  public record Reply(int status, byte[] body) {}

  /**
   * Refuses a URL that apps may not name.
   *
   * @throws HeddleException FORBIDDEN
   */
  public void check(URI uri) {
    if (!targets.allows(uri)) {
      throw new HeddleException(
          ErrorCode.FORBIDDEN,
          "http: " + uri + " (expected: a service of this gateway's services.allowed)");
    }
  }

  /**
   * POSTs an event. Ends early when the call is cancelled. Errors name the route, as they go to
   * clients: where a service is stands in the log.
   *
   * @param route that the service is the target of
   * @throws HeddleException FORBIDDEN for a URL that apps may not name, UNAVAILABLE if nothing
   *     answers, DEADLINE_EXCEEDED, TOO_LARGE for an answer beyond its limit, CANCELLED
   */
  public Reply post(BackendCall call, String route, URI uri, byte[] event) {
    if (!targets.allows(uri)) {
      log.warn("service not allowed route={} uri={}", route, uri);
      throw new HeddleException(
          ErrorCode.FORBIDDEN,
          "route " + route + ": its service (expected: one that this gateway allows)");
    }
    var span = tracing.enter(call.request().trace(), "POST", SpanKind.CLIENT);
    if (span.recording()) {
      span.set("http.request.method", "POST")
          .set("server.address", uri.getHost())
          .set("heddle.route", route);
      if (uri.getPort() > 0) {
        span.set("server.port", uri.getPort());
      }
    }
    try {
      var reply = post(call, route, uri, event, span.within(call.request().trace()));
      span.set("http.response.status_code", reply.status());
      return reply;
    } catch (HeddleException e) {
      span.failed(e.code());
      throw e;
    } finally {
      span.end();
    }
  }

  private Reply post(BackendCall call, String route, URI uri, byte[] event, TraceContext trace) {
    var request =
        HttpRequest.newBuilder(uri)
            .timeout(targets.timeout())
            .header("Content-Type", "application/json")
            .header("Accept", "application/json")
            .header(TENANT, call.request().tenant())
            .header("traceparent", trace.traceparent())
            .POST(BodyPublishers.ofByteArray(event))
            .build();
    var answer =
        client.sendAsync(
            request, BodyHandlers.limiting(BodyHandlers.ofByteArray(), targets.reply().bytes()));
    try (var _ = call.onCancel(() -> answer.cancel(true))) {
      return await(call, route, answer);
    } catch (HeddleException e) {
      if (e.code() != ErrorCode.CANCELLED) {
        log.warn(
            "service failed route={} uri={} trace={} error={}",
            route,
            uri,
            call.request().trace().traceId(),
            e.getCause() == null ? e.toString() : e.getCause().toString());
      }
      throw e;
    }
  }

  private Reply await(
      BackendCall call, String route, CompletableFuture<HttpResponse<byte[]>> answer) {
    try {
      var response = answer.get(targets.timeout().toNanos(), TimeUnit.NANOSECONDS);
      return new Reply(response.statusCode(), response.body());
    } catch (TimeoutException e) {
      answer.cancel(true);
      throw late(route, e);
    } catch (java.util.concurrent.CancellationException e) {
      throw cancelled(e);
    } catch (InterruptedException e) {
      answer.cancel(true);
      Thread.currentThread().interrupt();
      throw cancelled(e);
    } catch (ExecutionException e) {
      if (call.cancelled()) {
        throw cancelled(e);
      }
      throw failure(route, e.getCause() == null ? e : e.getCause());
    }
  }

  private static HeddleException cancelled(Exception e) {
    return new HeddleException(ErrorCode.CANCELLED, "service: the client has gone", e);
  }

  private static HeddleException late(String route, Throwable e) {
    return new HeddleException(
        ErrorCode.DEADLINE_EXCEEDED, service(route) + "no answer in time", e);
  }

  private static String service(String route) {
    return "route " + route + ": its service: ";
  }

  private HeddleException failure(String route, Throwable failure) {
    return switch (failure) {
      case java.net.http.HttpConnectTimeoutException e ->
          new HeddleException(ErrorCode.UNAVAILABLE, service(route) + "cannot connect", e);
      case java.net.http.HttpTimeoutException e -> late(route, e);
      case ConnectException e ->
          new HeddleException(ErrorCode.UNAVAILABLE, service(route) + "cannot connect", e);
      case IOException e when String.valueOf(e.getMessage()).contains("exceeds capacity") ->
          new HeddleException(
              ErrorCode.TOO_LARGE,
              service(route) + "its answer (expected: at most " + targets.reply() + ")",
              e);
      default ->
          new HeddleException(
              ErrorCode.UNAVAILABLE, service(route) + "the connection failed", failure);
    };
  }

  @Override
  public void close() {
    client.shutdownNow();
    threads.shutdownNow();
  }
}
