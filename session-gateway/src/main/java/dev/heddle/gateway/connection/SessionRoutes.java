package dev.heddle.gateway.connection;

import dev.heddle.gateway.http.Exchange;
import dev.heddle.gateway.http.Route;
import dev.heddle.gateway.session.SessionEnding.Ended;
import dev.heddle.gateway.session.SessionRecords.Summary;
import dev.heddle.gateway.session.SessionRecords.Whole;
import dev.heddle.json.Json;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.util.List;
import tools.jackson.core.JsonGenerator;

/** {@code /v1/sessions}: the cookie sessions of a tenant, for who holds its credentials. */
final class SessionRoutes {
  private final SessionEnds ends;

  SessionRoutes(SessionEnds ends) {
    this.ends = ends;
  }

  List<Route> routes() {
    return List.of(
        new Route("GET", "/v1/sessions", true, this::list),
        new Route("GET", "/v1/sessions/{session}", true, this::get),
        new Route("DELETE", "/v1/sessions/{session}", true, this::end));
  }

  private void list(Exchange exchange) {
    String after = Entrance.parameter(exchange, "after");
    String asked = Entrance.parameter(exchange, "limit");
    long limit =
        asked == null
            ? SessionAdministrationGrpcService.USUAL_LIST
            : Entrance.number("limit", asked);
    SessionEnds.Listed listed =
        ends.list(
            exchange.tenant(),
            after == null ? "" : after,
            (int) Math.min(limit, SessionEnds.LONGEST_LIST + 1));
    exchange.header("Cache-Control", "no-store");
    exchange.json(
        200,
        Json.write(json -> {
          json.writeStartObject();
          json.writeArrayPropertyStart("sessions");
          for (Summary each : listed.sessions()) {
            json.writeStartObject();
            summary(json, each);
            json.writeEndObject();
          }
          json.writeEndArray();
          if (!listed.next().isEmpty()) {
            json.writeStringProperty("next", listed.next());
          }
          json.writeBooleanProperty("complete", listed.complete());
          json.writeEndObject();
        }));
  }

  private static void summary(JsonGenerator json, Summary summary) {
    json.writeStringProperty("session", summary.session());
    json.writeStringProperty("createdAt", summary.created().toString());
    json.writeStringProperty("lastUsedAt", summary.used().toString());
    json.writeNumberProperty("attributeCount", summary.attributes());
    json.writeNumberProperty("bytes", summary.bytes());
  }

  private void get(Exchange exchange) {
    Whole found = ends.find(exchange.tenant(), exchange.parameter("session"));
    exchange.header("Cache-Control", "no-store");
    exchange.json(
        200,
        Json.write(json -> {
          json.writeStartObject();
          summary(json, found.summary());
          json.writeObjectPropertyStart("attributes");
          found
              .attributes()
              .forEach((name, value) -> {
                json.writeName(name);
                json.writeRawValue(value);
              });
          json.writeEndObject();
          json.writeEndObject();
        }));
  }

  private void end(Exchange exchange) {
    Ended ended = ends.end(exchange.tenant(), exchange.parameter("session"));
    if (!ended.ended()) {
      throw new HeddleException(
          ErrorCode.GONE, "session: none, or it had ended (expected: one that lives)");
    }
    exchange.json(
        200,
        Json.write(json -> {
          json.writeStartObject();
          json.writeBooleanProperty("complete", ended.complete());
          json.writeEndObject();
        }));
  }
}
