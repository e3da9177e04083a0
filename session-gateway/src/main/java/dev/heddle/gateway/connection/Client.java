package dev.heddle.gateway.connection;

import dev.heddle.gateway.session.ConnectionKey;
import dev.heddle.gateway.session.ConnectionTable;
import dev.heddle.gateway.session.ConnectionTable.Known;
import dev.heddle.json.Json;
import java.time.Instant;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import tools.jackson.databind.JsonNode;

/**
 * Who is at the other end of a connection.
 *
 * @param connection the connection's id
 * @param session id of the user's cookie session
 * @param host the Host that the client asked for
 * @param principal who the user is, where the app asks its session or token
 * @param claims what else the token said when the connection began, of what the app wants to know
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
    Optional<String> principal,
    Map<String, String> claims) {
  Client {
    // In their order: events have them as the app names them.
    claims = claims.isEmpty() ? Map.of() : Collections.unmodifiableMap(new LinkedHashMap<>(claims));
  }

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
        identity.path("principal").stringValueOpt(),
        claims(identity.path("claims")));
  }

  private static Map<String, String> claims(JsonNode json) {
    var claims = new LinkedHashMap<String, String>();
    for (String name : json.propertyNames()) {
      claims.put(name, json.path(name).asString(""));
    }
    return claims;
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
      if (!claims.isEmpty()) {
        json.writeObjectPropertyStart("claims");
        claims.forEach(json::writeStringProperty);
        json.writeEndObject();
      }
      json.writeEndObject();
    });
  }
}
