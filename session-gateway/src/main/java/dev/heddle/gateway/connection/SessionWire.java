package dev.heddle.gateway.connection;

import dev.heddle.gateway.session.SessionRecords.Part;
import dev.heddle.gateway.session.SessionRecords.Summary;
import dev.heddle.gateway.session.SessionRecords.Whole;
import dev.heddle.v1.CookieSession;
import dev.heddle.v1.ListSessionsResponse;
import java.time.Instant;
import java.util.List;

/** Sessions as messages. */
final class SessionWire {
  private SessionWire() {}

  static CookieSession encode(Whole whole) {
    return encode(whole.summary()).putAllAttributes(whole.attributes()).build();
  }

  private static CookieSession.Builder encode(Summary summary) {
    return CookieSession.newBuilder()
        .setSession(summary.session())
        .setCreatedAt(summary.created().toString())
        .setLastUsedAt(summary.used().toString())
        .setAttributeCount(summary.attributes())
        .setBytes(summary.bytes());
  }

  static ListSessionsResponse encode(SessionEnds.Listed listed) {
    var response =
        ListSessionsResponse.newBuilder().setNext(listed.next()).setComplete(listed.complete());
    listed.sessions().forEach(each -> response.addSessions(encode(each)));
    return response.build();
  }

  /** A part of a list says all up to where it goes on. */
  static ListSessionsResponse encode(Part part) {
    return encode(new SessionEnds.Listed(part.sessions(), part.upTo(), true));
  }

  static Part decode(ListSessionsResponse response) {
    List<Summary> sessions =
        response.getSessionsList().stream()
            .map(each ->
                new Summary(
                    each.getSession(),
                    Instant.parse(each.getCreatedAt()),
                    Instant.parse(each.getLastUsedAt()),
                    each.getAttributeCount(),
                    each.getBytes()))
            .toList();
    return new Part(sessions, response.getNext());
  }
}
