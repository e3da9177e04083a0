package dev.heddle.gateway.http;

import dev.heddle.gateway.backend.BackendCall;
import dev.heddle.gateway.session.UserPositions;
import dev.heddle.json.Json;
import dev.heddle.process.DataSize;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.RequestContext;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import org.eclipse.jetty.http.HttpCookie;
import org.eclipse.jetty.http.HttpException;
import org.eclipse.jetty.http.HttpField;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * One request and its response, for the route that handles it. Owned by the request's thread, which
 * must answer exactly once.
 */
public final class Exchange implements AutoCloseable {
  /** What the user has written and seen, in requests and replies. */
  static final String POSITION = "Heddle-Position";

  /** Which of a tenant's requests are given up first where not all can be served. */
  static final String PRIORITY = "Heddle-Priority";

  /** Says that the cookie session could not be told of it. */
  static final String SESSION_POSITION = "Heddle-Session-Position";

  /** What is read of a refused body, so that its client comes to read the refusal. */
  static final DataSize MAX_DRAIN = DataSize.parse("64MiB");

  /** Up to here memory is set aside for what a body says of its length; beyond, it must come. */
  private static final int SMALL_BODY = 16 << 10;

  private static final String JSON_TYPE = "application/json";

  private final Request request;
  private final Response response;
  private final Callback callback;
  private final RequestContext context;
  private final Map<String, String> parameters;
  private UserPositions positions = UserPositions.none();
  private volatile @Nullable BackendCall call;
  private volatile @Nullable Runnable whenGone;
  private @Nullable DisconnectWatch watch;
  private @Nullable UserToken user;
  private boolean anonymous;
  private boolean answered;
  private long bytes;

  Exchange(
      Request request,
      Response response,
      Callback callback,
      RequestContext context,
      Map<String, String> parameters) {
    this.request = request;
    this.response = response;
    this.callback = callback;
    this.context = context;
    this.parameters = parameters;
  }

  public Request request() {
    return request;
  }

  public Response response() {
    return response;
  }

  /** The tenant and trace that the request runs under. */
  public RequestContext context() {
    return context;
  }

  public String tenant() {
    return context.tenant();
  }

  public String traceId() {
    return context.trace().traceId();
  }

  public String method() {
    return request.getMethod();
  }

  /** A parameter of the route's template, decoded. */
  public String parameter(String name) {
    String value = parameters.get(name);
    if (value == null) {
      throw new IllegalArgumentException(
          "parameter: " + name + " (expected: one of " + parameters.keySet() + ")");
    }
    return value;
  }

  /** A request header; null: absent. */
  public @Nullable String header(String name) {
    return request.getHeaders().get(name);
  }

  /** What counts as the client where clients are counted; empty: this machine, which is not. */
  public Optional<String> clientBlock() {
    return request.getConnectionMetaData().getRemoteSocketAddress()
                instanceof InetSocketAddress peer
            && peer.getAddress() != null
            && !peer.getAddress().isLoopbackAddress()
        ? Optional.of(AddressBlock.ofClient(peer.getAddress()).toString())
        : Optional.empty();
  }

  /** A cookie's value; null: absent. */
  public @Nullable String cookie(String name) {
    for (HttpCookie cookie : Request.getCookies(request)) {
      if (cookie.getName().equals(name)) {
        return cookie.getValue();
      }
    }
    return null;
  }

  /**
   * The whole body.
   *
   * @throws HeddleException TOO_LARGE beyond the limit, INVALID_REQUEST for one that is malformed,
   *     CANCELLED if the client goes meanwhile
   */
  public byte[] body(DataSize limit) {
    try {
      return read(limit);
    } catch (IOException | HttpException.RuntimeException e) {
      throw unread(e);
    }
  }

  /** Why a body could not be read: that is the client's doing. */
  static HeddleException unread(Throwable cause) {
    return cause instanceof HttpException || cause.getCause() instanceof HttpException
        ? new HeddleException(
            ErrorCode.INVALID_REQUEST, "body: malformed (expected: valid HTTP/1.1)", cause)
        : new HeddleException(ErrorCode.CANCELLED, "client: gone", cause);
  }

  private byte[] read(DataSize limit) throws IOException {
    long announced = request.getHeaders().getLongField(HttpHeader.CONTENT_LENGTH);
    int most = limit.toIntBytes();
    try (InputStream in = Content.Source.asInputStream(request)) {
      if (announced >= 0 && announced <= SMALL_BODY && announced <= most) {
        byte[] body = new byte[(int) announced];
        int read = in.readNBytes(body, 0, body.length);
        if (in.read() < 0) {
          return read == body.length ? body : Arrays.copyOf(body, read);
        }
      } else if (announced <= most) {
        byte[] body = in.readNBytes(most);
        if (body.length < most || in.read() < 0) {
          return body;
        }
      }
      drain(in);
    }
    throw new HeddleException(
        ErrorCode.TOO_LARGE,
        "body: "
            + (announced < 0 ? "more" : announced + " bytes")
            + " (expected: at most "
            + limit
            + ")");
  }

  /** Many clients read the refusal only after they have sent everything. */
  private void drain(InputStream in) throws IOException {
    boolean waits = request.getHeaders().contains(HttpHeader.EXPECT);
    byte[] scratch = new byte[16 << 10];
    long left = waits ? 0 : MAX_DRAIN.bytes();
    while (left > 0) {
      int read = in.read(scratch);
      if (read < 0) {
        return;
      }
      left -= read;
    }
  }

  /** The body as JSON. */
  public JsonNode json(DataSize limit) throws IOException {
    return Json.parse(body(limit));
  }

  void user(@Nullable UserToken shown) {
    user = shown;
  }

  /** What the user's token says, which holds; empty: none was shown. */
  public Optional<UserToken> user() {
    return Optional.ofNullable(user);
  }

  /** Any site's page may have sent the request: nothing is done in its user's name. */
  void becomeAnonymous() {
    anonymous = true;
  }

  boolean anonymous() {
    return anonymous;
  }

  /** From now on calls carry what the user has seen, and every reply what the user then has. */
  void positions(UserPositions users) {
    positions = users;
  }

  /** Calls that end when they are closed, for a body that is read meanwhile. */
  BackendCall unwatchedCall() {
    return new BackendCall(context, positions);
  }

  /**
   * Calls to the coordinator in the name of this request; they end when the client goes. To be
   * asked for after the body was read.
   */
  public BackendCall call() {
    BackendCall made = call;
    if (made == null) {
      made = new BackendCall(context, positions);
      call = made;
      watch();
    }
    return made;
  }

  /**
   * Runs this, once and on another thread, if the client goes before the response is complete. To
   * be asked for after the body was read.
   */
  public void onGone(Runnable action) {
    whenGone = action;
    watch();
  }

  private void watch() {
    if (watch == null) {
      watch = DisconnectWatch.arm(request, this::gone);
    }
  }

  private void gone() {
    BackendCall running = call;
    if (running != null) {
      running.cancel("client: gone");
    }
    Runnable action = whenGone;
    if (action != null) {
      action.run();
    }
  }

  /** Answers with JSON. */
  public void json(int status, byte[] json) {
    send(status, JSON_TYPE, json);
  }

  /** Answers without a body. */
  public void empty(int status) {
    begin(status);
    unwatch();
    response.write(true, ByteBuffer.allocate(0), callback);
  }

  /** Answers with these bytes. */
  public void send(int status, String contentType, byte[] content) {
    begin(status);
    bytes = content.length;
    response.getHeaders().put(HttpHeader.CONTENT_TYPE, contentType);
    response.getHeaders().put(HttpHeader.CONTENT_LENGTH, content.length);
    unwatch();
    response.write(true, ByteBuffer.wrap(content), callback);
  }

  /** Answers with an error. */
  public void error(int status, HeddleException error) {
    if (answered) {
      callback.failed(error);
      return;
    }
    readRest();
    long seconds = EdgeErrors.retryAfterSeconds(status, error);
    if (seconds > 0 && !response.getHeaders().contains(HttpHeader.RETRY_AFTER)) {
      header(HttpHeader.RETRY_AFTER, Long.toString(seconds));
    }
    if (status == 401) {
      header(HttpHeader.WWW_AUTHENTICATE, "Bearer realm=\"heddle\"");
    }
    json(status, EdgeErrors.json(error, traceId()));
  }

  /**
   * Of a small body: else the connection ends with the answer, and a client that has sent its next
   * request by then never hears of it.
   */
  private void readRest() {
    long announced = request.getHeaders().getLongField(HttpHeader.CONTENT_LENGTH);
    boolean waits = request.getHeaders().contains(HttpHeader.EXPECT);
    if (waits || announced <= 0 || announced > SMALL_BODY) {
      return;
    }
    try (InputStream in = Content.Source.asInputStream(request)) {
      var _ = in.readNBytes(SMALL_BODY);
    } catch (IOException | HttpException.RuntimeException e) {
      // Gone, malformed, or too slow: the client learns the reason if it can.
      response.getHeaders().put(HttpHeader.CONNECTION, "close");
    }
  }

  public void header(HttpHeader header, String value) {
    response.getHeaders().put(new HttpField(header, value));
  }

  public void header(String header, String value) {
    response.getHeaders().put(new HttpField(header, value));
  }

  /** Adds a header to those of the same name. */
  void addHeader(HttpHeader header, String value) {
    response.getHeaders().add(header, value);
  }

  /** The response's status line and headers are settled; the client is still watched. */
  public void begin(int status) {
    if (answered) {
      throw new IllegalStateException("answered twice: " + request.getHttpURI().getPath());
    }
    answered = true;
    response.setStatus(status);
    String position = positions.reply();
    if (!position.isEmpty()) {
      header(POSITION, position);
    }
    if (!positions.kept()) {
      header(SESSION_POSITION, "not-kept");
    }
  }

  /** Hands the answer to someone who completes it himself: a static page, an upgrade. */
  public Callback handOver() {
    answered = true;
    unwatch();
    return callback;
  }

  /** Before the response ends: afterwards the socket belongs to the next request. */
  private void unwatch() {
    if (watch != null) {
      watch.disarm();
      watch = null;
    }
  }

  /** So many bytes of the body have been sent, besides those of {@link #send}. */
  public void sent(long more) {
    bytes += more;
  }

  /** Ends the response. */
  public void complete() {
    unwatch();
    callback.succeeded();
  }

  boolean answered() {
    return answered;
  }

  long bytes() {
    return bytes;
  }

  @Override
  public void close() {
    unwatch();
    BackendCall made = call;
    if (made != null) {
      made.close();
    }
  }
}
