package dev.heddle.gateway.connection;

import dev.heddle.v1.Connection;
import dev.heddle.v1.ListConnectionsResponse;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;

/** Connections as gRPC carries them. */
final class DescribedWire {
  private DescribedWire() {}

  static Connection encode(Described described) {
    Client client = described.client();
    return Connection.newBuilder()
        .setId(client.connection())
        .setApp(client.app())
        .setSession(client.session())
        .setUser(client.principal().orElse(""))
        .setConnectedAt(client.connectedAt().toString())
        .setLastActiveAt(described.active().toString())
        .setSourceIp(client.remoteAddress())
        .setUserAgent(client.userAgent())
        .setResumable(described.resumable())
        .setAttached(described.attached())
        .build();
  }

  static ListConnectionsResponse encode(Everywhere.Listed listed) {
    var response =
        ListConnectionsResponse.newBuilder().setNext(listed.upTo()).setComplete(listed.complete());
    listed.connections().forEach(each -> response.addConnections(encode(each)));
    return response.build();
  }

  static Everywhere.Listed decodeList(String tenant, ListConnectionsResponse response) {
    return new Everywhere.Listed(
        response.getConnectionsList().stream().map(each -> decode(tenant, each)).toList(),
        response.getNext(),
        response.getComplete());
  }

  static Described decode(String tenant, Connection connection) {
    var client =
        new Client(
            connection.getId(),
            tenant,
            connection.getApp(),
            connection.getSession(),
            Instant.parse(connection.getConnectedAt()),
            "",
            connection.getSourceIp(),
            connection.getUserAgent(),
            Optional.of(connection.getUser()).filter(user -> !user.isEmpty()),
            Map.of());
    return new Described(
        client,
        Instant.parse(connection.getLastActiveAt()),
        connection.getResumable(),
        connection.getAttached());
  }
}
