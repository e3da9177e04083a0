package dev.heddle.gateway.http;

import dev.heddle.process.Credentials;
import dev.heddle.process.Telemetry;
import dev.heddle.process.Ticker;
import java.util.List;

/** The routes behind the server. */
public final class Edge implements AutoCloseable {
  private final HttpServer server;
  private final EdgeHandler handler;

  public Edge(
      HttpServer server,
      List<Route> routes,
      StaticPages pages,
      OriginPolicy origins,
      CalledFunctions called,
      Credentials credentials,
      JwtIssuers issuers,
      Telemetry telemetry,
      Ticker ticker) {
    this.server = server;
    var meters = telemetry.registry();
    meters.gauge("heddle.gateway.buffers", server, HttpServer::buffers);
    this.handler =
        new EdgeHandler(
            new Router(routes),
            pages.route(),
            origins,
            called,
            credentials,
            issuers,
            new EdgeLog(meters),
            telemetry.tracing(),
            ticker);
  }

  /** Starts to serve. */
  public void start() {
    server.start(handler);
  }

  /** Accepts nobody any more and lets running requests end, for as long as a stop may take. */
  @Override
  public void close() {
    server.stopAccepting();
    handler.drain(server.stopTimeout());
  }
}
