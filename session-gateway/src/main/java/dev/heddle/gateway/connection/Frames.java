package dev.heddle.gateway.connection;

import dev.heddle.gateway.backend.BackendCall;
import dev.heddle.gateway.backend.QueryGrpcClient;
import dev.heddle.gateway.connection.AppSpec.Target;
import dev.heddle.gateway.http.EdgeErrors;
import dev.heddle.gateway.session.SessionPositions;
import dev.heddle.gateway.session.SessionStore;
import dev.heddle.gateway.websocket.CloseCodes;
import dev.heddle.json.Json;
import dev.heddle.json.JsonFields;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.GrpcErrors;
import dev.heddle.process.HeddleException;
import dev.heddle.process.RequestContext;
import dev.heddle.process.Telemetry;
import dev.heddle.process.Threads;
import dev.heddle.process.TraceContext;
import dev.heddle.process.TraceSpan;
import dev.heddle.process.Tracing;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Timer;
import io.opentelemetry.api.trace.SpanKind;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Semaphore;
import java.util.concurrent.ThreadFactory;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * Takes a frame to its app's target and the answer back. Blocks until the frame is answered;
 * thread-safe.
 */
final class Frames {
  private static final Logger log = LoggerFactory.getLogger(Frames.class);
  private static final Set<String> QUERY_FRAME =
      new LinkedHashSet<>(List.of("action", "id", "query"));

  /** That wait for their turn. */
  private static final int MOST_GOODBYES = 10_000;

  private final Apps apps;
  private final QueryGrpcClient queries;
  private final Handlers handlers;
  private final SessionStore sessions;
  private final SessionPositions positions;
  private final HandlerEvent events;
  private final ClientChannels channels;
  private final Semaphore disconnects;
  private final Semaphore goodbyes = new Semaphore(MOST_GOODBYES);
  private final ThreadFactory threads = Threads.virtual("heddle-disconnect");
  private final Tracing tracing;
  private final Timer answered;
  private final Timer failed;
  private final Counter droppedDisconnects;

  Frames(
      Apps apps,
      QueryGrpcClient queries,
      Handlers handlers,
      SessionStore sessions,
      SessionPositions positions,
      HandlerEvent events,
      ClientChannels channels,
      WebSocketLimits limits,
      Telemetry telemetry) {
    var meters = telemetry.registry();
    this.tracing = telemetry.tracing();
    this.apps = apps;
    this.queries = queries;
    this.handlers = handlers;
    this.sessions = sessions;
    this.positions = positions;
    this.events = events;
    this.channels = channels;
    this.disconnects = new Semaphore(limits.disconnects());
    this.answered = meters.timer("heddle.gateway.frame", "outcome", "answered");
    this.failed = meters.timer("heddle.gateway.frame", "outcome", "failed");
    this.droppedDisconnects = meters.counter("heddle.gateway.disconnects.dropped");
  }

  /**
   * A frame as far as it could be read.
   *
   * @param json null: not a JSON object
   * @param route that serves it
   * @param target null: none does
   * @param problem why it cannot be served; null: it can
   * @param reply what the app answers to it in any case; null: nothing
   */
  record Incoming(
      Payload frame,
      @Nullable ObjectNode json,
      String route,
      @Nullable Target target,
      @Nullable HeddleException problem,
      @Nullable Payload reply) {
    private Optional<JsonNode> field(String name) {
      return json == null ? Optional.empty() : Optional.ofNullable(json.get(name));
    }

    /** Whether it may be worked on once more if nobody knows how far the first time came. */
    boolean idempotent() {
      return target == null || Handlers.idempotent(target);
    }
  }

  ClientChannels channels() {
    return channels;
  }

  /** Reads a frame and finds its route, by the app as it is now. */
  Incoming read(Client client, Payload frame) {
    ObjectNode json = null;
    HeddleException unreadable = null;
    try {
      json = object(frame);
    } catch (HeddleException e) {
      unreadable = e;
    }
    Optional<String> action =
        Optional.ofNullable(json == null ? null : json.get("action"))
            .filter(JsonNode::isString)
            .map(JsonNode::stringValue);
    try {
      AppSpec app = apps.get(client.tenant(), client.app());
      String fixed =
          frame.binary() || app.autoReplies().isEmpty()
              ? null
              : app.autoReplies().get(frame.body());
      if (fixed != null) {
        Payload reply = Payload.text(fixed.getBytes(StandardCharsets.UTF_8));
        return new Incoming(frame, json, AppSpec.DEFAULT, null, null, reply);
      }
      Target target = app.route(action).orElse(null);
      if (target != null) {
        return new Incoming(frame, json, app.routeKey(action), target, null, null);
      }
      HeddleException problem = unreadable != null ? unreadable : unroutable(app, json);
      return new Incoming(frame, json, AppSpec.DEFAULT, null, problem, null);
    } catch (HeddleException e) {
      return new Incoming(frame, json, AppSpec.DEFAULT, null, e, null);
    }
  }

  private static ObjectNode object(Payload frame) {
    if (frame.binary()) {
      throw new HeddleException(
          ErrorCode.INVALID_REQUEST, "frame: binary (expected: a text frame of JSON)");
    }
    if (!(Json.parse(frame.bytes()) instanceof ObjectNode object)) {
      throw new HeddleException(
          ErrorCode.TYPE_MISMATCH, "frame: not an object (expected: a JSON object)");
    }
    return object;
  }

  private static HeddleException unroutable(AppSpec app, @Nullable ObjectNode json) {
    var actions = new TreeSet<>(app.routes().keySet());
    actions.removeIf(name -> name.startsWith("$"));
    JsonNode action = json == null ? null : json.get("action");
    return new HeddleException(
        ErrorCode.INVALID_REQUEST,
        "action: "
            + (action == null ? "missing" : action.toString())
            + " (expected: one of "
            + String.join(", ", actions)
            + ")");
  }

  /** Answers one frame; failures become error frames. */
  void handle(Replies replies, Incoming frame) {
    TraceSpan span = span(replies.client(), frame.route());
    TraceContext trace = span.within(null);
    Timer.Sample sample = Timer.start();
    try (var call = new BackendCall(new RequestContext(replies.client().tenant(), trace))) {
      replies.inFlight(call);
      dispatch(replies, call, frame);
      sample.stop(answered);
    } catch (RuntimeException e) {
      sample.stop(failed);
      span.failed(GrpcErrors.fromStatus(e).code());
      replies.answer(failed(frame, e, trace.traceId()));
    } finally {
      span.end();
      replies.inFlight(null);
    }
  }

  private void dispatch(Replies replies, BackendCall call, Incoming frame) {
    if (frame.reply() != null) {
      replies.answer(frame.reply());
      return;
    }
    switch (frame.target()) {
      case null ->
          throw frame.problem() != null
              ? frame.problem()
              : new IllegalStateException("a frame with neither target nor problem");
      case Target.Query query -> {
        Client client = replies.client();
        var users = positions.ofSession(client.tenant(), query.dataset(), client.session());
        query(replies, call.with(users), query, frame);
      }
      case Target.Handler handler -> handler(replies, call, handler, frame);
      case Target.Service service -> handler(replies, call, service, frame);
    }
  }

  private void query(Replies replies, BackendCall call, Target.Query target, Incoming frame) {
    ObjectNode json = frame.json();
    if (json == null) {
      throw new IllegalStateException("a query route without a JSON frame");
    }
    JsonNode given = new JsonFields("", json, QUERY_FRAME).value("query").orElseGet(Json::object);
    if (!(given instanceof ObjectNode query)) {
      throw new HeddleException(
          ErrorCode.TYPE_MISMATCH, "query: not an object (expected: the body of a query)");
    }
    target.defaults().forEachEntry(query::putIfAbsent);
    target.function().ifPresent(name -> function(query, name));
    if (!target.stream()) {
      byte[] answer = queries.run(call, target.dataset(), query);
      replies.answer(Payload.text(answerFrame(frame, answer, true)));
      return;
    }
    queries.stream(call, target.dataset(), query, new Improved(replies, frame));
  }

  /** Who has not yet read the last improvement gets the next one then, and the newest. */
  private static final class Improved implements QueryGrpcClient.Answers {
    private final Replies replies;
    private final Incoming frame;

    Improved(Replies replies, Incoming frame) {
      this.replies = replies;
      this.frame = frame;
    }

    @Override
    public boolean ready() {
      return !replies.lags();
    }

    @Override
    public boolean answer(byte[] json, boolean last) {
      var payload = Payload.text(answerFrame(frame, json, last));
      if (last) {
        replies.answer(payload);
        return true;
      }
      return replies.send(payload);
    }
  }

  private static void function(ObjectNode query, String function) {
    JsonNode asked = query.get("function");
    if (asked != null && !asked.asString().equals(function)) {
      throw new HeddleException(
          ErrorCode.INVALID_REQUEST,
          "query.function: " + asked + " (expected: none, the route runs " + function + ")");
    }
    query.put("function", function);
  }

  private void handler(Replies replies, BackendCall call, Target target, Incoming frame) {
    Client client = replies.client();
    byte[] event = events.message(client, frame.route(), frame.frame(), replies.handed());
    HandlerReply reply = handlers.answer(call, frame.route(), target, client, event);
    replies.hand(replies.handed().after(reply));
    // Who subscribes gets what the same reply publishes.
    if (reply.channels().subscribes()) {
      replies.channels(reply.channels().subscribe(), reply.channels().unsubscribe());
    }
    channels.publish(client.tenant(), reply);
    if (reply.body().isPresent()) {
      replies.answer(payload(reply, reply.body().get()));
    } else if (!reply.ok()) {
      throw new HeddleException(
          ErrorCode.FUNCTION_FAILED,
          "the handler's reply: statusCode " + reply.statusCode() + " (expected: 2xx, or a body)");
    }
    if (reply.close()) {
      replies.close(CloseCodes.NORMAL, Resumables.BY_APP);
    }
  }

  private static Payload payload(HandlerReply reply, String body) {
    if (!reply.base64()) {
      return Payload.text(body.getBytes(StandardCharsets.UTF_8));
    }
    try {
      return new Payload(Base64.getDecoder().decode(body), true);
    } catch (IllegalArgumentException e) {
      throw new HeddleException(
          ErrorCode.FUNCTION_FAILED, "the handler's reply: body (expected: base64)", e);
    }
  }

  /**
   * Asks the app whether a client may connect.
   *
   * @return its answer; one of status 200 where it has no such route
   */
  HandlerReply connect(BackendCall call, AppSpec app, Client client, byte[] event) {
    Optional<Target> target = app.special(AppSpec.CONNECT);
    return target.isEmpty()
        ? HandlerReply.status(200)
        : handlers.answer(call, AppSpec.CONNECT, target.get(), client, event);
  }

  /**
   * Tells the app that a client has gone: best effort, and never more than so many at once; some
   * more wait for that.
   */
  void disconnected(Client client, int code, String reason, Handed handed) {
    Optional<Target> target;
    try {
      target = apps.get(client.tenant(), client.app()).special(AppSpec.DISCONNECT);
    } catch (HeddleException e) {
      // The app is gone as well.
      return;
    }
    if (target.isEmpty()) {
      return;
    }
    if (!goodbyes.tryAcquire()) {
      droppedDisconnects.increment();
      return;
    }
    threads
        .newThread(() -> {
          try {
            disconnects.acquireUninterruptibly();
            disconnected(client, target.get(), code, reason, handed);
          } finally {
            goodbyes.release();
          }
        })
        .start();
  }

  /** Whether an app would hear of the end of a connection at once. */
  boolean roomForGoodbyes() {
    return disconnects.availablePermits() > 0 && !disconnects.hasQueuedThreads();
  }

  private void disconnected(Client client, Target target, int code, String reason, Handed handed) {
    TraceSpan span = span(client, AppSpec.DISCONNECT);
    TraceContext trace = span.within(null);
    try (var call = new BackendCall(new RequestContext(client.tenant(), trace))) {
      byte[] event = events.disconnect(client, code, reason, handed);
      HandlerReply reply = handlers.answer(call, AppSpec.DISCONNECT, target, client, event);
      channels.publish(client.tenant(), reply);
    } catch (RuntimeException e) {
      span.failed(GrpcErrors.fromStatus(e).code());
      log.warn(
          "$disconnect failed app={} connection={} trace={} error={}",
          client.app(),
          client.connection(),
          trace.traceId(),
          e.toString());
    } finally {
      span.end();
      disconnects.release();
    }
  }

  /** An event of a connection is a request of its own: a trace that lasts for days helps nobody. */
  private TraceSpan span(Client client, String route) {
    TraceSpan span = tracing.enter(null, "EVENT", SpanKind.SERVER);
    if (span.recording()) {
      span.name("EVENT " + route);
      span.set("heddle.route", route)
          .set("heddle.app", client.app())
          .set("heddle.tenant", client.tenant());
    }
    return span;
  }

  /** Tells the session store now and then that a client's user is still there. */
  long touchIfDue(Client client, long touchedNanos, long nowNanos) {
    if (nowNanos - touchedNanos < sessions.touchInterval().toNanos()) {
      return touchedNanos;
    }
    try {
      sessions.touch(client.tenant(), client.session());
    } catch (HeddleException e) {
      log.warn("session not touched connection={} error={}", client.connection(), e.toString());
    }
    return nowNanos;
  }

  private static byte[] answerFrame(Incoming frame, byte[] answer, boolean last) {
    var parts = new ArrayList<byte[]>(3);
    parts.add(("{" + head(frame) + "\"answer\":").getBytes(StandardCharsets.UTF_8));
    parts.add(answer);
    parts.add((",\"final\":" + last + "}").getBytes(StandardCharsets.UTF_8));
    return join(parts);
  }

  /** What tells a client that its frame has failed. */
  static Payload failed(Incoming frame, RuntimeException failure, String traceId) {
    HeddleException error = EdgeErrors.of(failure, traceId);
    return Payload.text(errorFrame(frame, error, traceId));
  }

  private static byte[] errorFrame(Incoming frame, HeddleException error, String traceId) {
    // The error is {"error":{…}}: the frame is it with more in front.
    byte[] json = EdgeErrors.json(error, traceId);
    byte[] inner = new byte[json.length - 1];
    System.arraycopy(json, 1, inner, 0, inner.length);
    return join(List.of(("{" + head(frame)).getBytes(StandardCharsets.UTF_8), inner));
  }

  /** What tells a client which of its frames this belongs to. */
  private static String head(Incoming frame) {
    var head = new StringBuilder();
    for (String name : List.of("action", "id")) {
      frame
          .field(name)
          .ifPresent(
              value -> head.append('"').append(name).append("\":").append(value).append(','));
    }
    return head.toString();
  }

  private static byte[] join(List<byte[]> parts) {
    byte[] joined = new byte[parts.stream().mapToInt(part -> part.length).sum()];
    int at = 0;
    for (byte[] part : parts) {
      System.arraycopy(part, 0, joined, at, part.length);
      at += part.length;
    }
    return joined;
  }
}
