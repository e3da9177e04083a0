package dev.heddle.gateway.connection;

import dev.heddle.gateway.session.SessionStore;
import dev.heddle.json.Json;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.function.Consumer;
import org.eclipse.jetty.http.HttpField;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.util.Fields;
import tools.jackson.core.JsonGenerator;

/** Events for handlers, in the shape of AWS API Gateway's WebSocket proxy events. Thread-safe. */
final class HandlerEvent {
  private static final DateTimeFormatter REQUEST_TIME =
      DateTimeFormatter.ofPattern("dd/MMM/yyyy:HH:mm:ss Z", Locale.ROOT).withZone(ZoneOffset.UTC);

  /** What is between client and gateway. */
  private static final Set<String> SECRETS = Set.of("access_token", "resume");

  private final Clock clock;

  HandlerEvent(Clock clock) {
    this.clock = clock;
  }

  byte[] connect(Client client, Request request, boolean withAuthorization) {
    Map<String, List<String>> headers = headers(request, withAuthorization);
    return event(
        client,
        Handed.NOTHING,
        AppSpec.CONNECT,
        "CONNECT",
        json -> {},
        json -> {
          json.writeObjectPropertyStart("headers");
          headers.forEach((name, values) -> json.writeStringProperty(name, values.getLast()));
          json.writeEndObject();
          lists(json, "multiValueHeaders", headers);
          Map<String, List<String>> query = query(request);
          if (!query.isEmpty()) {
            json.writeObjectPropertyStart("queryStringParameters");
            query.forEach((name, values) -> json.writeStringProperty(name, values.getLast()));
            json.writeEndObject();
            lists(json, "multiValueQueryStringParameters", query);
          }
          json.writeBooleanProperty("isBase64Encoded", false);
        });
  }

  byte[] message(Client client, String route, Payload frame, Handed handed) {
    return event(
        client,
        handed,
        route,
        "MESSAGE",
        json -> json.writeStringProperty("messageId", UUID.randomUUID().toString()),
        json -> {
          json.writeStringProperty("body", frame.body());
          json.writeBooleanProperty("isBase64Encoded", frame.binary());
        });
  }

  byte[] disconnect(Client client, int code, String reason, Handed handed) {
    return event(
        client,
        handed,
        AppSpec.DISCONNECT,
        "DISCONNECT",
        json -> {
          json.writeNumberProperty("disconnectStatusCode", code);
          json.writeStringProperty("disconnectReason", reason);
        },
        json -> json.writeBooleanProperty("isBase64Encoded", false));
  }

  private byte[] event(
      Client client,
      Handed handed,
      String route,
      String type,
      Consumer<JsonGenerator> inContext,
      Consumer<JsonGenerator> besides) {
    Instant now = clock.instant();
    String requestId = UUID.randomUUID().toString();
    return Json.write(json -> {
      json.writeStartObject();
      json.writeObjectPropertyStart("requestContext");
      json.writeStringProperty("routeKey", route);
      json.writeStringProperty("eventType", type);
      json.writeStringProperty("messageDirection", "IN");
      json.writeStringProperty("connectionId", client.connection());
      json.writeNumberProperty("connectedAt", client.connectedAt().toEpochMilli());
      json.writeStringProperty("requestTime", REQUEST_TIME.format(now));
      json.writeNumberProperty("requestTimeEpoch", now.toEpochMilli());
      json.writeStringProperty("requestId", requestId);
      json.writeStringProperty("extendedRequestId", requestId);
      json.writeStringProperty("domainName", client.host());
      json.writeStringProperty("stage", "$default");
      json.writeStringProperty("apiId", client.app());
      json.writeObjectPropertyStart("identity");
      json.writeStringProperty("sourceIp", client.remoteAddress());
      json.writeStringProperty("userAgent", client.userAgent());
      json.writeEndObject();
      client
          .principal()
          .ifPresent(principal -> {
            json.writeObjectPropertyStart("authorizer");
            json.writeStringProperty("principalId", principal);
            client.claims().forEach(json::writeStringProperty);
            json.writeEndObject();
          });
      inContext.accept(json);
      json.writeEndObject();
      besides.accept(json);
      json.writeObjectPropertyStart("heddle");
      handed.writeState(json);
      json.writeArrayPropertyStart("tags");
      handed.tags().forEach(json::writeString);
      json.writeEndArray();
      json.writeEndObject();
      json.writeEndObject();
    });
  }

  private static void lists(JsonGenerator json, String name, Map<String, List<String>> lists) {
    json.writeObjectPropertyStart(name);
    lists.forEach((key, values) -> {
      json.writeArrayPropertyStart(key);
      values.forEach(json::writeString);
      json.writeEndArray();
    });
    json.writeEndObject();
  }

  /** The upgrade's headers, without the secrets that are between browser and gateway. */
  private static Map<String, List<String>> headers(Request request, boolean withAuthorization) {
    var headers = new LinkedHashMap<String, List<String>>();
    for (HttpField field : request.getHeaders()) {
      String name = field.getName();
      String value = field.getValue() == null ? "" : field.getValue();
      if (name.equalsIgnoreCase("Authorization") && !withAuthorization) {
        continue;
      }
      if (name.equalsIgnoreCase("Cookie")) {
        value = withoutSession(value);
        if (value.isEmpty()) {
          continue;
        }
      }
      headers.computeIfAbsent(name, key -> new ArrayList<>()).add(value);
    }
    return headers;
  }

  private static String withoutSession(String cookies) {
    return String.join(
        "; ",
        List.of(cookies.split(";", -1)).stream()
            .map(String::strip)
            .filter(cookie -> !cookie.startsWith(SessionStore.COOKIE + "="))
            .toList());
  }

  private static Map<String, List<String>> query(Request request) {
    var query = new LinkedHashMap<String, List<String>>();
    for (Fields.Field field : Request.extractQueryParameters(request)) {
      if (!SECRETS.contains(field.getName())) {
        query.put(field.getName(), List.copyOf(field.getValues()));
      }
    }
    return query;
  }
}
