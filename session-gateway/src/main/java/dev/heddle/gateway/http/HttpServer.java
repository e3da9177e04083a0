package dev.heddle.gateway.http;

import dev.heddle.process.Carriers;
import dev.heddle.process.Closer;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.HostPort;
import dev.heddle.process.Threads;
import dev.heddle.process.TraceContext;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.EnumSet;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.eclipse.jetty.http.HttpCompliance;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.http.UriCompliance;
import org.eclipse.jetty.io.ArrayByteBufferPool;
import org.eclipse.jetty.server.ConnectionFactory;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.NetworkConnectionLimit;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.SecureRequestCustomizer;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.server.SslConnectionFactory;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.util.thread.QueuedThreadPool;

/**
 * Jetty, set up: HTTP/1.1 on one address, over TLS if the config says so; a few platform threads
 * that accept and select, virtual threads for requests. One-shot.
 */
public final class HttpServer implements AutoCloseable {
  private static final int ACCEPT_QUEUE = 1_024;

  /** Holds the largest position token and what else a reply says. */
  private static final int RESPONSE_HEADER = 32 << 10;

  private final HostPort bind;
  private final HttpLimits limits;
  private final ExecutorService requests =
      Executors.newThreadPerTaskExecutor(Carriers.virtual("heddle-http"));
  private final Server server;
  private final ServerConnector connector;
  private final SlowRequests slow;
  private final Optional<Tls> tls;

  /**
   * Sets it up.
   *
   * @throws HeddleException INVALID_REQUEST for certificates that do not serve
   */
  public HttpServer(HostPort bind, HttpLimits limits, TlsConfig tls) {
    this.bind = bind;
    this.limits = limits;
    var threads = new QueuedThreadPool();
    threads.setName("heddle-jetty");
    threads.setMinThreads(4);
    threads.setMaxThreads(32);
    threads.setReservedThreads(0);
    threads.setDaemon(true);
    threads.setVirtualThreadsExecutor(requests);
    this.server = new Server(threads);
    int selectors = Math.max(1, Runtime.getRuntime().availableProcessors() / 2);
    this.tls = tls.enabled() ? Optional.of(new Tls(tls)) : Optional.empty();
    this.connector = new ServerConnector(server, 1, selectors, factories(limits));
    connector.setHost(bind.host());
    connector.setPort(bind.port());
    connector.setAcceptQueueSize(ACCEPT_QUEUE);
    connector.setIdleTimeout(limits.idleTimeout().toMillis());
    this.slow = new SlowRequests(limits.headTimeout(), limits.bodyRate().bytes());
    connector.addEventListener(slow);
    connector.addEventListener(new SocketLimit(limits.client()));
    server.addConnector(connector);
    server.addBean(new NetworkConnectionLimit(limits.connections(), connector));
    server.setErrorHandler(HttpServer::error);
    // The edge has waited for running requests; Jetty would wait for idle connections too.
    server.setStopTimeout(0);
  }

  private ConnectionFactory[] factories(HttpLimits limits) {
    HttpConfiguration configuration = configuration(limits);
    var http = new HttpConnectionFactory(configuration);
    if (tls.isEmpty()) {
      return new ConnectionFactory[] {http};
    }
    // Names are checked by the host policy, which also knows those of other nodes.
    configuration.addCustomizer(new SecureRequestCustomizer(false));
    return new ConnectionFactory[] {
      new SslConnectionFactory(tls.get().factory(), http.getProtocol()), http
    };
  }

  private static HttpConfiguration configuration(HttpLimits limits) {
    var http = new HttpConfiguration();
    http.setSendServerVersion(false);
    http.setSendXPoweredBy(false);
    http.setRequestHeaderSize(limits.requestHeader().toIntBytes());
    http.setResponseHeaderSize(RESPONSE_HEADER);
    http.setFormEncodedMethods();
    // What two servers may read differently is refused, or requests could be smuggled in.
    http.setHttpCompliance(HttpCompliance.STRICT);
    ClientLimits client = limits.client();
    http.addCustomizer(new TrustedProxies(client.trustedProxies(), client.forwarded()));
    // Document ids are often URIs, percent-encoded into one segment; routes decode segment by
    // segment.
    http.setUriCompliance(
        UriCompliance.from(
            EnumSet.of(
                UriCompliance.Violation.AMBIGUOUS_PATH_SEPARATOR,
                UriCompliance.Violation.AMBIGUOUS_PATH_ENCODING,
                UriCompliance.Violation.AMBIGUOUS_PATH_PARAMETER)));
    return http;
  }

  /** What Jetty itself refuses: malformed requests, headers that are too large. */
  private static boolean error(Request request, Response response, Callback callback) {
    int status = response.getStatus();
    String traceId = TraceContext.create().traceId();
    // A coding or version that nobody speaks here is the client's doing.
    boolean clients = status < 500 || status == 501 || status == 505;
    ErrorCode code = clients ? ErrorCode.INVALID_REQUEST : ErrorCode.INTERNAL;
    String message = "request: refused with status " + status + " (expected: valid HTTP/1.1)";
    byte[] json = EdgeErrors.json(new HeddleException(code, message), traceId);
    response.getHeaders().put(HttpHeader.CONTENT_TYPE, "application/json");
    response.getHeaders().put(HttpHeader.CONTENT_LENGTH, json.length);
    response.write(true, ByteBuffer.wrap(json), callback);
    return true;
  }

  /** The server, for what hooks into it before the start. */
  public Server jetty() {
    return server;
  }

  /**
   * Starts to serve.
   *
   * @throws HeddleException UNAVAILABLE if the address is taken
   */
  public void start(Handler handler) {
    server.setHandler(handler);
    try {
      server.start();
      slow.start();
      tls.ifPresent(Tls::start);
    } catch (Exception e) {
      throw new HeddleException(
          ErrorCode.UNAVAILABLE, "http: " + bind + " (expected: an address that is free)", e);
    }
  }

  /** Buffers that are in use: those of requests and frames on their way. */
  long buffers() {
    return connector.getByteBufferPool() instanceof ArrayByteBufferPool pool
        ? pool.getDirectByteBufferCount()
            - pool.getAvailableDirectByteBufferCount()
            + pool.getHeapByteBufferCount()
            - pool.getAvailableHeapByteBufferCount()
        : 0;
  }

  /** The port it listens on. */
  public int port() {
    return connector.getLocalPort();
  }

  Duration stopTimeout() {
    return limits.stopTimeout();
  }

  /** Takes no more connections; running requests go on. */
  void stopAccepting() {
    connector.close();
  }

  @Override
  public void close() {
    var closer = new Closer();
    closer.register("requests", Threads.closing(requests, limits.stopTimeout()));
    closer.register("destroy", server::destroy);
    closer.register("jetty", server::stop);
    closer.register("slow requests", slow);
    tls.ifPresent(certificates -> closer.register("tls", certificates));
    closer.close();
  }
}
