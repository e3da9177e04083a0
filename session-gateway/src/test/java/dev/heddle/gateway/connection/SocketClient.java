package dev.heddle.gateway.connection;

import dev.heddle.json.Json;
import dev.heddle.process.testing.Eventually;
import java.net.URI;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.eclipse.jetty.http.HttpCookieStore;
import org.eclipse.jetty.websocket.api.Callback;
import org.eclipse.jetty.websocket.api.Session;
import org.eclipse.jetty.websocket.api.exceptions.UpgradeException;
import org.eclipse.jetty.websocket.client.ClientUpgradeRequest;
import org.eclipse.jetty.websocket.client.WebSocketClient;
import tools.jackson.databind.JsonNode;

/** A real WebSocket client that remembers what it got. Public for Jetty. */
public final class SocketClient implements Session.Listener.AutoDemanding, AutoCloseable {
  private static final int PATIENCE_SECONDS = 60;

  final LinkedBlockingQueue<String> frames = new LinkedBlockingQueue<>();
  final CountDownLatch closed = new CountDownLatch(1);
  volatile int code;

  @SuppressWarnings("NullAway.Init") // Set when connected.
  volatile Session session;

  static WebSocketClient library() throws Exception {
    var client = new WebSocketClient();
    client.setMaxTextMessageSize(64 << 20);
    client.getHttpClient().setHttpCookieStore(new HttpCookieStore.Empty());
    client.start();
    return client;
  }

  /** Connects; without subprotocol where it is empty. */
  static SocketClient connect(
      WebSocketClient library, int port, String path, String protocol, Map<String, String> headers)
      throws Exception {
    var socket = new SocketClient();
    var request = new ClientUpgradeRequest(URI.create("ws://127.0.0.1:" + port + path));
    headers.forEach(request::setHeader);
    if (!protocol.isEmpty()) {
      request.setSubProtocols(protocol);
    }
    try {
      socket.session = library.connect(socket, request).get(PATIENCE_SECONDS, TimeUnit.SECONDS);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof UpgradeException refused) {
        throw refused;
      }
      throw e;
    }
    return socket;
  }

  @Override
  public void onWebSocketText(String text) {
    frames.add(text);
  }

  @Override
  public void onWebSocketBinary(ByteBuffer payload, Callback callback) {
    frames.add("binary:" + payload.remaining());
    callback.succeed();
  }

  @Override
  public void onWebSocketClose(int status, String reason, Callback callback) {
    code = status;
    closed.countDown();
    callback.succeed();
  }

  void send(String text) {
    session.sendText(text, Callback.NOOP);
  }

  String nextText() throws InterruptedException {
    String frame = frames.poll(PATIENCE_SECONDS, TimeUnit.SECONDS);
    if (frame == null) {
      throw new AssertionError("no frame; closed with " + code);
    }
    return frame;
  }

  JsonNode next() throws InterruptedException {
    return Json.parse(nextText());
  }

  /** As the handshake set them. */
  List<String> cookies() {
    List<String> cookies = session.getUpgradeResponse().getHeaders("Set-Cookie");
    return cookies == null ? List.of() : cookies;
  }

  /** The session's, ready to be sent. */
  String cookie() {
    String cookie = cookies().getFirst();
    return cookie.substring(0, cookie.indexOf(';'));
  }

  int awaitClose() throws InterruptedException {
    if (!closed.await(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
      throw new AssertionError("the socket stays open");
    }
    return code;
  }

  /** Is gone without a goodbye. */
  void vanish() {
    session.disconnect();
    Eventually.eventually("the socket closes", () -> closed.getCount() == 0);
  }

  @Override
  public void close() {
    session.close();
    Eventually.eventually("the socket closes", () -> closed.getCount() == 0);
  }
}
