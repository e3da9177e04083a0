package dev.heddle.gateway.websocket;

import dev.heddle.gateway.backend.BackendCall;
import dev.heddle.gateway.backend.InvocationsGrpcClient;
import dev.heddle.gateway.backend.InvocationsGrpcClient.Event;
import dev.heddle.gateway.backend.InvocationsGrpcClient.Near;
import dev.heddle.gateway.backend.QueryGrpcClient;
import dev.heddle.gateway.http.EdgeErrors;
import dev.heddle.gateway.session.SessionPositions;
import dev.heddle.gateway.session.SessionStore;
import dev.heddle.gateway.websocket.AppSpec.Target;
import dev.heddle.json.Json;
import dev.heddle.json.JsonFields;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.RequestContext;
import dev.heddle.process.Threads;
import dev.heddle.process.TraceContext;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
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
  private static final int NORMAL_CLOSURE = 1000;
  private static final Set<String> QUERY_FRAME =
      new LinkedHashSet<>(List.of("action", "id", "query"));

  private final Apps apps;
  private final QueryGrpcClient queries;
  private final InvocationsGrpcClient functions;
  private final SessionStore sessions;
  private final SessionPositions positions;
  private final HandlerEvent events;
  private final Semaphore disconnects;
  private final ThreadFactory threads = Threads.virtual("heddle-ws-disconnect");
  private final Timer answered;
  private final Timer failed;
  private final Counter droppedDisconnects;

  Frames(
      Apps apps,
      QueryGrpcClient queries,
      InvocationsGrpcClient functions,
      SessionStore sessions,
      SessionPositions positions,
      HandlerEvent events,
      WebSocketLimits limits,
      MeterRegistry meters) {
    this.apps = apps;
    this.queries = queries;
    this.functions = functions;
    this.sessions = sessions;
    this.positions = positions;
    this.events = events;
    this.disconnects = new Semaphore(limits.disconnects());
    this.answered = meters.timer("heddle.gateway.frame", "outcome", "answered");
    this.failed = meters.timer("heddle.gateway.frame", "outcome", "failed");
    this.droppedDisconnects = meters.counter("heddle.gateway.disconnects.dropped");
  }

  /**
   * A frame as far as it could be read.
   *
   * @param body as the client sent it; base64 of it where it was binary
   * @param json null: not a JSON object
   */
  private record Frame(String body, boolean binary, @Nullable ObjectNode json) {
    Optional<String> action() {
      return field("action").filter(JsonNode::isString).map(JsonNode::stringValue);
    }

    Optional<JsonNode> field(String name) {
      return json == null ? Optional.empty() : Optional.ofNullable(json.get(name));
    }
  }

  /** Answers one frame; failures become error frames. */
  void handle(Connection connection, String body, boolean binary) {
    Client client = connection.client();
    TraceContext trace = TraceContext.create();
    Timer.Sample sample = Timer.start();
    Frame frame = new Frame(body, binary, null);
    try (var call = new BackendCall(new RequestContext(client.tenant(), trace))) {
      connection.inFlight(call);
      AppSpec app = apps.get(client.tenant(), client.app());
      HeddleException unreadable = null;
      try {
        frame = read(body, binary);
      } catch (HeddleException e) {
        unreadable = e;
      }
      dispatch(connection, call, app, frame, unreadable);
      sample.stop(answered);
    } catch (RuntimeException e) {
      sample.stop(failed);
      HeddleException error = EdgeErrors.of(e, trace.traceId());
      connection.text(errorFrame(frame, error, trace.traceId()));
    } finally {
      connection.inFlight(null);
    }
    if (connection.touchDue(sessions.touchInterval())) {
      touch(client);
    }
  }

  private static Frame read(String body, boolean binary) {
    if (binary) {
      throw new HeddleException(
          ErrorCode.INVALID_REQUEST, "frame: binary (expected: a text frame of JSON)");
    }
    JsonNode json = Json.parse(body);
    if (!(json instanceof ObjectNode object)) {
      throw new HeddleException(
          ErrorCode.TYPE_MISMATCH, "frame: not an object (expected: a JSON object)");
    }
    return new Frame(body, false, object);
  }

  private void dispatch(
      Connection connection,
      BackendCall call,
      AppSpec app,
      Frame frame,
      @Nullable HeddleException unreadable) {
    Target target =
        app.route(frame.action())
            .orElseThrow(() -> unreadable != null ? unreadable : unroutable(app, frame));
    switch (target) {
      case Target.Query query -> {
        Client client = connection.client();
        var users = positions.ofSession(client.tenant(), query.dataset(), client.session());
        query(connection, call.with(users), query, frame);
      }
      case Target.Handler handler -> {
        boolean named =
            frame.action().filter(name -> target.equals(app.routes().get(name))).isPresent();
        String route = named ? frame.action().orElseThrow() : AppSpec.DEFAULT;
        handler(connection, call, handler.function(), route, frame);
      }
    }
  }

  private static HeddleException unroutable(AppSpec app, Frame frame) {
    var actions = new TreeSet<>(app.routes().keySet());
    actions.removeIf(name -> name.startsWith("$"));
    return new HeddleException(
        ErrorCode.INVALID_REQUEST,
        "action: "
            + frame.field("action").map(JsonNode::toString).orElse("missing")
            + " (expected: one of "
            + String.join(", ", actions)
            + ")");
  }

  private void query(Connection connection, BackendCall call, Target.Query target, Frame frame) {
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
      connection.text(answerFrame(frame, answer, true));
      return;
    }
    queries.stream(
        call,
        target.dataset(),
        query,
        (answer, last) ->
            // Who has not yet read the last improvement can do without this one.
            (!last && connection.lags()) || connection.text(answerFrame(frame, answer, last)));
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

  private void handler(
      Connection connection, BackendCall call, String function, String route, Frame frame) {
    Client client = connection.client();
    byte[] event = events.message(client, route, frame.body(), frame.binary());
    var result = invoke(call, function, client, event);
    HandlerReply reply = HandlerReply.parse(result.json());
    if (reply.body().isPresent()) {
      send(connection, reply, reply.body().get());
    } else if (!reply.ok()) {
      throw new HeddleException(
          ErrorCode.FUNCTION_FAILED,
          "the handler's reply: statusCode " + reply.statusCode() + " (expected: 2xx, or a body)");
    }
    if (reply.close()) {
      connection.close(NORMAL_CLOSURE, "closed by the app");
    }
  }

  private InvocationsGrpcClient.Result invoke(
      BackendCall call, String function, Client client, byte[] event) {
    String session = client.session();
    return functions.invoke(
        call, function, Event.of(event), Optional.of(session), Near.calls(session));
  }

  private static void send(Connection connection, HandlerReply reply, String body) {
    if (!reply.base64()) {
      connection.text(body.getBytes(StandardCharsets.UTF_8));
      return;
    }
    try {
      connection.binary(Base64.getDecoder().decode(body));
    } catch (IllegalArgumentException e) {
      throw new HeddleException(
          ErrorCode.FUNCTION_FAILED, "the handler's reply: body (expected: base64)", e);
    }
  }

  /**
   * Asks the app whether a client may connect.
   *
   * @return the status code of its answer; 200 where it has no such route
   */
  int connect(BackendCall call, AppSpec app, Client client, byte[] event) {
    Optional<Target> target = app.handler(AppSpec.CONNECT);
    if (target.isEmpty() || !(target.get() instanceof Target.Handler handler)) {
      return 200;
    }
    var result = invoke(call, handler.function(), client, event);
    return HandlerReply.parse(result.json()).statusCode();
  }

  /** Tells the app that a client has gone: best effort, and never more than so many at once. */
  void disconnected(Client client, int code, @Nullable String reason) {
    Optional<Target> target;
    try {
      target = apps.get(client.tenant(), client.app()).handler(AppSpec.DISCONNECT);
    } catch (HeddleException e) {
      // The app is gone as well.
      return;
    }
    if (target.isEmpty() || !(target.get() instanceof Target.Handler handler)) {
      return;
    }
    if (!disconnects.tryAcquire()) {
      droppedDisconnects.increment();
      return;
    }
    threads.newThread(() -> disconnected(client, handler, code, reason)).start();
  }

  private void disconnected(
      Client client, Target.Handler handler, int code, @Nullable String reason) {
    TraceContext trace = TraceContext.create();
    try (var call = new BackendCall(new RequestContext(client.tenant(), trace))) {
      byte[] event = events.disconnect(client, code, reason);
      var _ = invoke(call, handler.function(), client, event);
    } catch (RuntimeException e) {
      log.warn(
          "$disconnect failed app={} connection={} trace={} error={}",
          client.app(),
          client.connection(),
          trace.traceId(),
          e.toString());
    } finally {
      disconnects.release();
    }
  }

  private void touch(Client client) {
    try {
      sessions.touch(client.tenant(), client.session());
    } catch (HeddleException e) {
      log.warn("session not touched connection={} error={}", client.connection(), e.toString());
    }
  }

  private static byte[] answerFrame(Frame frame, byte[] answer, boolean last) {
    var parts = new ArrayList<byte[]>(3);
    parts.add(("{" + head(frame) + "\"answer\":").getBytes(StandardCharsets.UTF_8));
    parts.add(answer);
    parts.add((",\"final\":" + last + "}").getBytes(StandardCharsets.UTF_8));
    return join(parts);
  }

  private static byte[] errorFrame(Frame frame, HeddleException error, String traceId) {
    // The error is {"error":{…}}: the frame is it with more in front.
    byte[] json = EdgeErrors.json(error, traceId);
    byte[] inner = new byte[json.length - 1];
    System.arraycopy(json, 1, inner, 0, inner.length);
    return join(List.of(("{" + head(frame)).getBytes(StandardCharsets.UTF_8), inner));
  }

  /** What tells a client which of its frames this belongs to. */
  private static String head(Frame frame) {
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
