package dev.heddle.gateway;

import dev.heddle.gateway.backend.Deadlines;
import dev.heddle.gateway.backend.ServiceTargets;
import dev.heddle.gateway.channel.ChannelLimits;
import dev.heddle.gateway.connection.DrainConfig;
import dev.heddle.gateway.connection.ResumeConfig;
import dev.heddle.gateway.connection.WebSocketLimits;
import dev.heddle.gateway.http.HttpLimits;
import dev.heddle.gateway.http.TlsConfig;
import dev.heddle.gateway.session.GridConfig;
import dev.heddle.gateway.session.SessionConfig;
import dev.heddle.process.HostPort;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * A gateway's settings.
 *
 * @param http where the HTTP edge listens; port 0: any free one
 * @param pages directory of static pages served at {@code /}
 * @param hazelcast this node's member of the session grid
 * @param session cookie sessions
 * @param limits bounds of the HTTP edge
 * @param webSocket bounds of WebSocket connections
 * @param services HTTP services that apps may name
 * @param resume connections that survive their sockets
 * @param drain how clients are sent elsewhere when it stops
 * @param jwt a file of issuers whose tokens users may show; absent: none
 * @param tls certificates of the HTTP edge
 * @param deadlines how long calls to a coordinator may take
 * @param allowedOrigins foreign pages that may call with cookies and read answers, in full, as in
 *     {@code https://app.example.org}
 * @param allowedHosts names, besides loopback's and this address, that clients may call this node
 *     by
 * @param channels bounds of channels
 */
public record GatewayConfig(
    HostPort http,
    Optional<Path> pages,
    GridConfig hazelcast,
    SessionConfig session,
    HttpLimits limits,
    WebSocketLimits webSocket,
    ServiceTargets services,
    ResumeConfig resume,
    DrainConfig drain,
    Optional<Path> jwt,
    TlsConfig tls,
    Deadlines deadlines,
    List<String> allowedOrigins,
    List<String> allowedHosts,
    ChannelLimits channels) {
  public GatewayConfig {
    allowedOrigins = List.copyOf(allowedOrigins);
    allowedHosts = List.copyOf(allowedHosts);
    for (String origin : allowedOrigins) {
      if (!origin.matches("https?://[^/*\\s]+")) {
        throw new IllegalArgumentException(
            "allowed-origins: " + origin + " (expected: as in https://app.example.org)");
      }
    }
    for (String host : allowedHosts) {
      if (!host.matches("[A-Za-z0-9.:-]+") || (host.matches(".*:[0-9]+") && !host.contains("::"))) {
        throw new IllegalArgumentException(
            "allowed-hosts: " + host + " (expected: a host name without port)");
      }
    }
  }

  /** The documented defaults. */
  public static GatewayConfig defaults() {
    return new GatewayConfig(
        new HostPort("127.0.0.1", 8080),
        Optional.empty(),
        GridConfig.defaults(),
        SessionConfig.defaults(),
        HttpLimits.defaults(),
        WebSocketLimits.defaults(),
        ServiceTargets.defaults(),
        ResumeConfig.defaults(),
        DrainConfig.defaults(),
        Optional.empty(),
        TlsConfig.none(),
        Deadlines.defaults(),
        List.of(),
        List.of(),
        ChannelLimits.defaults());
  }
}
