package dev.heddle.gateway.connection;

import dev.heddle.gateway.connection.Envelopes.Welcome;
import dev.heddle.gateway.http.EdgeErrors;
import dev.heddle.gateway.http.Exchange;
import dev.heddle.gateway.http.OriginPolicy;
import dev.heddle.gateway.session.ConnectionTable.Known;
import dev.heddle.gateway.session.SessionStore;
import dev.heddle.json.Json;
import dev.heddle.process.Credentials;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.time.Clock;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Optional;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.util.Fields;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * Lets clients in, over whatever transport: by their page's origin, their user, and the app's
 * $connect route; or because they come back. Blocking; thread-safe.
 */
final class Entrance {
  private final Apps apps;
  private final Frames frames;
  private final HandlerEvent events;
  private final Resumables resumables;
  private final Tokens tokens;
  private final Arrivals arrivals;
  private final SessionStore sessions;
  private final OriginPolicy origins;
  private final Credentials credentials;
  private final ResumeConfig config;
  private final Clock clock;

  Entrance(
      Apps apps,
      Frames frames,
      HandlerEvent events,
      Resumables resumables,
      Tokens tokens,
      Arrivals arrivals,
      SessionStore sessions,
      OriginPolicy origins,
      Credentials credentials,
      ResumeConfig config,
      Clock clock) {
    this.apps = apps;
    this.frames = frames;
    this.events = events;
    this.resumables = resumables;
    this.tokens = tokens;
    this.arrivals = arrivals;
    this.sessions = sessions;
    this.origins = origins;
    this.credentials = credentials;
    this.config = config;
    this.clock = clock;
  }

  /**
   * A client that the app has let in, with its session's cookie set where it is new.
   *
   * @param arrival what waits for the upgrade; null: nobody knows of the client yet
   */
  record Guest(Client client, boolean bound, Handed handed, Arrivals.@Nullable Arrival arrival) {}

  /** A stay that begins. */
  record Entered(ResumableConnection connection, Known known, long offset, byte[] welcome) {}

  /**
   * The app of the request, if the request's page may speak to it.
   *
   * @throws HeddleException UNKNOWN_APP, FORBIDDEN
   */
  AppSpec app(Exchange exchange) {
    AppSpec app = apps.get(exchange.tenant(), exchange.parameter("app"));
    if (exchange.method().equals("HEAD")) {
      throw new HeddleException(
          ErrorCode.METHOD_NOT_ALLOWED, "method: HEAD (expected: GET, which begins a stay)");
    }
    origins.requireKnown(exchange.request(), app.origins());
    origins.requireNoForeignFetch(exchange.request());
    String origin = exchange.header("Origin");
    if (origin != null && app.origins().contains(origin)) {
      exchange.header(HttpHeader.ACCESS_CONTROL_ALLOW_ORIGIN, origin);
      exchange.header(HttpHeader.ACCESS_CONTROL_ALLOW_CREDENTIALS, "true");
      exchange.header(HttpHeader.VARY, "Origin");
    }
    return app;
  }

  /** How long this app's connections survive their sockets. */
  Duration window(AppSpec app) {
    return app.limits().resume(config.window());
  }

  /** Whether the client wants to come back. */
  boolean resumes(Exchange exchange) {
    return token(exchange) != null;
  }

  /** {@code TOKEN:OFFSET} of an EventSource, or of the query. */
  private static @Nullable String token(Exchange exchange) {
    String last = exchange.header("Last-Event-ID");
    if (last != null && last.indexOf(':') > 0) {
      return last.substring(0, last.indexOf(':'));
    }
    return parameter(exchange, "resume");
  }

  private static long offset(Exchange exchange) {
    String last = exchange.header("Last-Event-ID");
    String text =
        last != null && last.indexOf(':') > 0
            ? last.substring(last.indexOf(':') + 1)
            : parameter(exchange, "offset");
    return number("offset", text);
  }

  /** A parameter of the query; null: absent. */
  static @Nullable String parameter(Exchange exchange, String name) {
    try {
      Fields fields = Request.extractQueryParameters(exchange.request());
      return fields.getValue(name);
    } catch (RuntimeException e) {
      // Jetty has several ways to say so.
      throw new HeddleException(
          ErrorCode.INVALID_REQUEST, "query: malformed (expected: percent-encoded UTF-8)", e);
    }
  }

  /** A number of the query; 0: absent. */
  static long number(String name, @Nullable String text) {
    if (text == null) {
      return 0;
    }
    if (!text.matches("[0-9]{1,18}")) {
      throw new HeddleException(
          ErrorCode.TYPE_MISMATCH, name + ": " + text + " (expected: an integer from 0 on)");
    }
    return Long.parseLong(text);
  }

  /**
   * Asks the app whether a new client may come in; null: it may not, and has been answered.
   *
   * @param resumable whether its connection is to survive its socket
   * @throws HeddleException UNAUTHENTICATED where the app wants to know the user and does not
   */
  @Nullable Guest admit(Exchange exchange, AppSpec app, boolean resumable) {
    String tenant = exchange.tenant();
    SessionStore.Visit visit = sessions.visit(tenant, exchange.cookie(SessionStore.COOKIE));
    Optional<String> principal = principal(app, tenant, visit.session());
    visit.setCookie().ifPresent(cookie -> exchange.header(HttpHeader.SET_COOKIE, cookie));
    String id = tokens.newId(tenant, resumable);
    Client client = client(exchange, app, id, visit.session(), principal);
    boolean bound = visit.setCookie().isEmpty();
    if (app.special(AppSpec.CONNECT).isEmpty()) {
      return new Guest(client, bound, Handed.NOTHING, null);
    }
    Arrivals.Arrival arrival = arrivals.begin(client);
    boolean welcome = false;
    try {
      HandlerReply reply = ask(exchange, app, client);
      welcome = reply.ok();
      if (!welcome) {
        refuse(exchange, reply.statusCode());
        return null;
      }
      return new Guest(client, bound, Handed.NOTHING.after(reply), arrival);
    } finally {
      if (!welcome) {
        arrival.refused();
      }
    }
  }

  private Optional<String> principal(AppSpec app, String tenant, String session) {
    return app.principal()
        .map(attribute -> {
          String value = sessions.get(tenant, session, List.of(attribute)).get(attribute);
          JsonNode json = value == null ? null : Json.parse(value);
          if (json == null || json.isNull()) {
            throw new HeddleException(
                ErrorCode.UNAUTHENTICATED,
                "session: without " + attribute + " (expected: a session that has it)");
          }
          return json.isString() ? json.stringValue() : json.toString();
        });
  }

  private Client client(
      Exchange exchange, AppSpec app, String id, String session, Optional<String> principal) {
    return new Client(
        id,
        exchange.tenant(),
        app.name(),
        session,
        // As exact as all else that is told of it.
        clock.instant().truncatedTo(ChronoUnit.MILLIS),
        Optional.ofNullable(exchange.header("Host")).orElse(""),
        Request.getRemoteAddr(exchange.request()),
        Optional.ofNullable(exchange.header("User-Agent")).orElse(""),
        principal);
  }

  /** Asks the app's $connect route. */
  private HandlerReply ask(Exchange exchange, AppSpec app, Client client) {
    byte[] event = events.connect(client, exchange.request(), !credentials.requiresApiKey());
    return frames.connect(exchange.call(), app, client, event);
  }

  private static void refuse(Exchange exchange, int status) {
    ErrorCode code = status == 401 ? ErrorCode.UNAUTHENTICATED : ErrorCode.FORBIDDEN;
    var error = new HeddleException(code, "connect: refused by the app with status " + status);
    exchange.error(EdgeErrors.httpStatus(code), error);
  }

  /**
   * Begins a stay: of a new connection, or of one that comes back; null: the app refused, and the
   * client has been answered.
   *
   * @throws HeddleException GONE, FORBIDDEN for a client that may not come back so
   */
  @Nullable Entered enter(Exchange exchange, AppSpec app) {
    requireResumable(app);
    resumables.requireKnown();
    String token = token(exchange);
    if (token != null) {
      long offset = offset(exchange);
      Tokens.Resume resume = permit(exchange, app, token);
      Resumables.Resumed resumed = resumables.resume(resume, offset);
      return entered(resumed);
    }
    resumables.requireRoom(exchange.tenant(), app.name(), app.limits().connections());
    Guest guest = admit(exchange, app, true);
    if (guest == null) {
      return null;
    }
    return entered(resumables.open(guest, window(app)));
  }

  private Entered entered(Resumables.Resumed stay) {
    try {
      return welcome(stay);
    } catch (RuntimeException e) {
      resumables.detached(stay.connection());
      throw e;
    }
  }

  private static Entered welcome(Resumables.Resumed stay) {
    ResumableConnection connection = stay.connection();
    Known known = stay.known();
    byte[] welcome =
        Envelopes.welcome(
            new Welcome(
                connection.key().id(),
                connection.resumeToken(),
                known.recovered(),
                stay.offset(),
                known.done(),
                known.window()));
    return new Entered(connection, known, stay.offset(), welcome);
  }

  private void requireResumable(AppSpec app) {
    if (window(app).isZero()) {
      throw new HeddleException(
          ErrorCode.INVALID_REQUEST,
          "app "
              + app.name()
              + ": its connections cannot be resumed (expected: a WebSocket without subprotocol)");
    }
  }

  /** What a frame or a goodbye that came by itself is of. */
  Tokens.Resume permit(Exchange exchange, AppSpec app) {
    String token = token(exchange);
    if (token == null) {
      throw new HeddleException(
          ErrorCode.INVALID_REQUEST, "resume: missing (expected: the connection's resume token)");
    }
    return permit(exchange, app, token);
  }

  /** Whoever holds the token must also be the connection's user, at its app. */
  private Tokens.Resume permit(Exchange exchange, AppSpec app, String token) {
    String tenant = exchange.tenant();
    Tokens.Resume resume = tokens.read(tenant, token);
    Known known = resumables.find(resume.key());
    Optional<String> session = sessions.find(tenant, exchange.cookie(SessionStore.COOKIE));
    // Who had no cookie at first may have got several since: the token is all that it was told.
    boolean same = !known.bound() || session.filter(known.session()::equals).isPresent();
    if (!known.app().equals(app.name()) || !same) {
      throw new HeddleException(
          ErrorCode.FORBIDDEN, "resume: of another app or user (expected: one's own connection)");
    }
    Optional<String> user = principal(app, tenant, known.session());
    if (user.isPresent() && !user.equals(resumables.client(resume.key(), known).principal())) {
      throw new HeddleException(
          ErrorCode.FORBIDDEN, "resume: its session is another user's by now (expected: the same)");
    }
    return resume;
  }
}
