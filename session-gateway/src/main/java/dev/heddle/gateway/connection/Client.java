package dev.heddle.gateway.connection;

import dev.heddle.gateway.session.ConnectionKey;
import dev.heddle.gateway.session.ConnectionTable;
import dev.heddle.gateway.session.ConnectionTable.Known;
import dev.heddle.json.Json;
import java.time.Instant;
import java.util.Optional;
import tools.jackson.databind.JsonNode;

/**
 * Who is at the other end of a connection.
 *
 * @param connection the connection's id
 * @param session id of the user's cookie session
 * @param host the Host that the client asked for
 * @param principal who the user is, where the app asks its session
 */
record Client(
    String connection,
    String tenant,
    String app,
    String session,
    Instant connectedAt,
    String host,
    String remoteAddress,
    String userAgent,
    Optional<String> principal) {

  /** The client of a connection that the grid knows. */
  static Client of(ConnectionTable table, ConnectionKey key, Known known) {
    JsonNode identity = Json.parse(table.identity(key, known));
    return new Client(
        key.id(),
        key.tenant(),
        known.app(),
        known.session(),
        known.connectedAt(),
        identity.path("host").asString(""),
        identity.path("address").asString(""),
        identity.path("agent").asString(""),
        identity.path("principal").stringValueOpt());
  }

  ConnectionKey key() {
    return new ConnectionKey(tenant, connection);
  }

  /** What the grid keeps, besides its own fields. */
  byte[] identity() {
    return Json.write(json -> {
      json.writeStartObject();
      json.writeStringProperty("host", host);
      json.writeStringProperty("address", remoteAddress);
      json.writeStringProperty("agent", userAgent);
      principal.ifPresent(name -> json.writeStringProperty("principal", name));
      json.writeEndObject();
    });
  }
}
