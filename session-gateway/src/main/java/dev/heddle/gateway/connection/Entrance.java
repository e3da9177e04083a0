package dev.heddle.gateway.connection;

import dev.heddle.gateway.channel.Positions;
import dev.heddle.gateway.connection.Envelopes.Welcome;
import dev.heddle.gateway.http.EdgeErrors;
import dev.heddle.gateway.http.Exchange;
import dev.heddle.gateway.http.JwtIssuers;
import dev.heddle.gateway.http.OriginPolicy;
import dev.heddle.gateway.http.UserToken;
import dev.heddle.gateway.session.ChannelPosition;
import dev.heddle.gateway.session.ConnectionTable.Known;
import dev.heddle.gateway.session.SessionStore;
import dev.heddle.json.Json;
import dev.heddle.process.Credentials;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
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
  private final JwtIssuers issuers;
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
      JwtIssuers issuers,
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
    this.issuers = issuers;
    this.config = config;
    this.clock = clock;
  }

  /**
   * A client that the app has let in, with its session's cookie set where it is new.
   *
   * @param protocol the subprotocol that the app chose
   * @param channels that it listens to at first
   * @param arrival what waits for the upgrade; null: nobody knows of the client yet
   */
  record Guest(
      Client client,
      boolean bound,
      Handed handed,
      Optional<String> protocol,
      Set<String> channels,
      Arrivals.@Nullable Arrival arrival) {}

  /**
   * A stay that begins.
   *
   * @param resume brings its client back after this stay
   * @param read how far its client has read the channels that it listens to
   * @param goesOn of a poll: what the stay was left with, which does not begin but goes on; null:
   *     it begins
   */
  record Entered(
      ResumableConnection connection,
      Known known,
      long offset,
      String resume,
      byte[] welcome,
      Map<String, ChannelPosition> read,
      @Nullable PollTransport goesOn) {
    /** Whether its client gets every frame that it lacks. */
    boolean recovered() {
      return goesOn != null || known.recovered();
    }
  }

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
    if (exchange.user().isPresent() && app.token().isEmpty()) {
      throw new HeddleException(
          ErrorCode.UNAUTHENTICATED, "token: of a user (expected: none, the app asks for none)");
    }
    origins.requireKnown(exchange.request(), app.origins());
    origins.requireNoForeignFetch(exchange.request());
    String origin = exchange.header("Origin");
    if (origin != null && app.origins().contains(origin)) {
      exchange.header(HttpHeader.ACCESS_CONTROL_ALLOW_ORIGIN, origin);
      exchange.header(HttpHeader.ACCESS_CONTROL_ALLOW_CREDENTIALS, "true");
      exchange.header(HttpHeader.ACCESS_CONTROL_EXPOSE_HEADERS, "Heddle-Trace-Id, Retry-After");
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
    int more = last == null || text == null ? -1 : text.indexOf(';');
    return number("offset", text == null || more < 0 ? text : text.substring(0, more));
  }

  /** {@code TOKEN:OFFSET;POSITIONS} of an EventSource, or of the query. */
  private static Map<String, ChannelPosition> read(Exchange exchange) {
    String last = exchange.header("Last-Event-ID");
    String text =
        last != null && last.indexOf(';') > 0
            ? last.substring(last.indexOf(';') + 1)
            : parameter(exchange, "channels");
    return text == null ? Map.of() : Positions.parse(exchange.tenant(), text);
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
   * @param visitor counts for the user, too, once that is known
   * @throws HeddleException UNAUTHENTICATED where the app wants to know the user and does not,
   *     UNAVAILABLE where its session has just got a new id, LIMIT_REACHED for one that has enough
   *     connections
   */
  @Nullable Guest admit(Exchange exchange, AppSpec app, boolean resumable, Visitors.Visit visitor) {
    String tenant = exchange.tenant();
    SessionStore.Visit visit = sessions.visit(tenant, exchange.cookie(SessionStore.COOKIE));
    if (visit.late() && app.principal().isPresent() && app.token().isEmpty()) {
      // Not final, as it would be for somebody without a user.
      throw new HeddleException(
          ErrorCode.UNAVAILABLE, "session: has just got a new id (expected: its new cookie)");
    }
    Optional<String> principal = principal(exchange, app, visit.session());
    visitor.of(tenant, principal);
    visit.setCookie().ifPresent(cookie -> exchange.header(HttpHeader.SET_COOKIE, cookie));
    String id = tokens.newId(tenant, resumable);
    Client client = client(exchange, app, id, visit.session(), principal);
    boolean bound = visit.known();
    if (app.special(AppSpec.CONNECT).isEmpty()) {
      return new Guest(client, bound, Handed.NOTHING, Optional.empty(), Set.of(), null);
    }
    Arrivals.Arrival arrival = arrivals.begin(client);
    boolean welcome = false;
    try {
      HandlerReply reply = ask(exchange, app, client);
      if (!reply.ok()) {
        refuse(exchange, reply.statusCode());
        return null;
      }
      frames.channels().publish(tenant, reply);
      // From here on, whoever opens the connection ends the arrival.
      welcome = true;
      return new Guest(
          client,
          bound,
          Handed.NOTHING.after(reply),
          reply.protocol(),
          reply.channels().subscribe(),
          arrival);
    } finally {
      if (!welcome) {
        arrival.refused();
      }
    }
  }

  /** Who was let in without a cookie shows none, but its session may have ended all the same. */
  private void requireLiving(String tenant, String session) {
    if (sessions.ended(tenant, session)) {
      throw new HeddleException(
          ErrorCode.FORBIDDEN, "resume: its session has ended (expected: one that lives)");
    }
  }

  private static UserToken user(Exchange exchange) {
    return exchange
        .user()
        .orElseThrow(() ->
            new HeddleException(
                ErrorCode.UNAUTHENTICATED, "token: missing (expected: a JWT, as the app asks)"));
  }

  private static String principal(AppSpec.Token asked, UserToken user) {
    asked
        .issuer()
        .filter(issuer -> !issuer.equals(user.issuer()))
        .ifPresent(issuer -> {
          throw new HeddleException(
              ErrorCode.UNAUTHENTICATED,
              "token: of " + user.issuer() + " (expected: of " + issuer + ")");
        });
    return user.claim(asked.user())
        // Nobody is called so, and "no user" is written so.
        .filter(name -> !name.isEmpty())
        .orElseThrow(() ->
            new HeddleException(
                ErrorCode.UNAUTHENTICATED,
                "token: without " + asked.user() + " (expected: a JWT that has it)"));
  }

  /** What else the app wants to know of the user. */
  private static Map<String, String> claims(Exchange exchange, AppSpec app) {
    var claims = new LinkedHashMap<String, String>();
    exchange
        .user()
        .ifPresent(user ->
            app.token()
                .map(AppSpec.Token::claims)
                .orElse(List.of())
                .forEach(name -> user.claim(name).ifPresent(value -> claims.put(name, value))));
    return claims;
  }

  /**
   * A client shows a new token on its open connection.
   *
   * @return until when that holds
   * @throws HeddleException UNAUTHENTICATED for one that does not hold, FORBIDDEN for another
   *     user's, INVALID_REQUEST where the app asks for none
   */
  Instant authenticate(Client client, String token) {
    AppSpec.Token asked =
        apps.get(client.tenant(), client.app())
            .token()
            .orElseThrow(() ->
                new HeddleException(
                    ErrorCode.INVALID_REQUEST, "authenticate: (expected: an app that asks)"));
    UserToken user = issuers.verify(token);
    String name = principal(asked, user);
    if (!user.tenant().equals(client.tenant()) || !client.principal().equals(Optional.of(name))) {
      throw new HeddleException(
          ErrorCode.FORBIDDEN, "token: of another user (expected: the connection's)");
    }
    return user.expires();
  }

  private Optional<String> principal(Exchange exchange, AppSpec app, String session) {
    String tenant = exchange.tenant();
    if (app.token().isPresent()) {
      return Optional.of(principal(app.token().get(), user(exchange)));
    }
    return app.principal()
        .map(attribute -> {
          String value = sessions.get(tenant, session, List.of(attribute)).get(attribute);
          JsonNode json = value == null ? null : Json.parse(value);
          String name =
              json == null || json.isNull()
                  ? ""
                  : json.isString() ? json.stringValue() : json.toString();
          if (name.isEmpty()) {
            throw new HeddleException(
                ErrorCode.UNAUTHENTICATED,
                "session: without " + attribute + " (expected: a session that has it)");
          }
          return name;
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
        principal,
        claims(exchange, app));
  }

  /** Asks the app's $connect route. */
  private HandlerReply ask(Exchange exchange, AppSpec app, Client client) {
    boolean theirs = !credentials.requiresApiKey() && app.token().isEmpty();
    byte[] event = events.connect(client, exchange.request(), theirs);
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
   * @throws HeddleException LIMIT_REACHED for a user that has enough; GONE, FORBIDDEN for a client
   *     that may not come back so
   */
  @Nullable Entered enter(Exchange exchange, AppSpec app, Visitors.Visit visitor) {
    return enter(exchange, app, visitor, false);
  }

  /** As above, for a poll: it may find its stay as the last one has left it. */
  @Nullable Entered enterPoll(Exchange exchange, AppSpec app, Visitors.Visit visitor) {
    return enter(exchange, app, visitor, true);
  }

  private @Nullable Entered enter(
      Exchange exchange, AppSpec app, Visitors.Visit visitor, boolean polls) {
    requireResumable(app);
    resumables.requireKnown();
    String token = token(exchange);
    if (token != null) {
      long offset = offset(exchange);
      Map<String, ChannelPosition> read = read(exchange);
      Permit permit = permit(exchange, app, token);
      visitor.of(exchange.tenant(), permit.principal());
      Tokens.Resume resume = permit.resume();
      if (polls) {
        Lingers.Linger left = resumables.lingers().take(resume, permit.known(), offset, read);
        if (left != null) {
          byte[] none = new byte[0];
          return new Entered(
              left.stay(), permit.known(), offset, token, none, read, left.transport());
        }
      }
      Resumables.Resumed resumed = resumables.resume(resume, offset, polls);
      resumed.connection().subscriptions().resumes(read);
      return entered(resumed, read);
    }
    resumables.requireRoom(exchange.tenant(), app.name(), app.limits().connections());
    Guest guest = admit(exchange, app, true, visitor);
    if (guest == null) {
      return null;
    }
    return entered(resumables.open(guest, window(app), polls), Map.of());
  }

  private Entered entered(Resumables.Resumed stay, Map<String, ChannelPosition> read) {
    try {
      return welcome(stay, read);
    } catch (RuntimeException e) {
      resumables.detached(stay.connection());
      throw e;
    }
  }

  private Entered welcome(Resumables.Resumed stay, Map<String, ChannelPosition> read) {
    ResumableConnection connection = stay.connection();
    Known known = stay.known();
    String resume = tokens.resume(connection.key(), known.generation());
    byte[] welcome =
        Envelopes.welcome(
            new Welcome(
                connection.key().id(),
                resume,
                known.recovered(),
                stay.offset(),
                known.done(),
                known.window()));
    var own = new LinkedHashMap<>(read);
    own.keySet().retainAll(known.channels());
    return new Entered(connection, known, stay.offset(), resume, welcome, own, null);
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
    return permit(exchange, app, token).resume();
  }

  /** What a token allows, and to whom. */
  private record Permit(Tokens.Resume resume, Known known, Optional<String> principal) {}

  /** Whoever holds the token must also be the connection's user, at its app. */
  private Permit permit(Exchange exchange, AppSpec app, String token) {
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
    requireLiving(tenant, known.session());
    Optional<String> user = principal(exchange, app, known.session());
    if (user.isPresent() && !user.equals(resumables.client(resume.key(), known).principal())) {
      throw new HeddleException(
          ErrorCode.FORBIDDEN, "resume: its session is another user's by now (expected: the same)");
    }
    return new Permit(resume, known, user);
  }
}
