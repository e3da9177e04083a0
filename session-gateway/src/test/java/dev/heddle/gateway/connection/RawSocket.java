package dev.heddle.gateway.connection;

import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;

/** A TCP connection to a gateway over which a test says what no library would say. */
public final class RawSocket implements AutoCloseable {
  private static final int PATIENCE_MILLIS = 40_000;
  private final Socket socket = new Socket();
  private final DataInputStream in;

  /**
   * An answer of HTTP.
   *
   * @param headers by names in lower case
   */
  public record Answer(int status, Map<String, String> headers, String body) {
    public String header(String name) {
      return headers.getOrDefault(name, "");
    }
  }

  public RawSocket(int port) throws IOException {
    socket.setTcpNoDelay(true);
    socket.setSoTimeout(PATIENCE_MILLIS);
    // A client that does not read is to be seen soon.
    socket.setReceiveBufferSize(64 << 10);
    socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), PATIENCE_MILLIS);
    in = new DataInputStream(new java.io.BufferedInputStream(socket.getInputStream()));
  }

  /** Writes; a gateway that has hung up is no failure here: what it said before is to be read. */
  public void write(byte[] bytes) throws IOException {
    try {
      socket.getOutputStream().write(bytes);
      socket.getOutputStream().flush();
    } catch (SocketException e) {
      // Hung up.
    }
  }

  public void write(String text) throws IOException {
    write(text.getBytes(StandardCharsets.ISO_8859_1));
  }

  /** Says that nothing more comes. */
  public void shutdownOutput() throws IOException {
    try {
      socket.shutdownOutput();
    } catch (SocketException e) {
      // Hung up.
    }
  }

  public DataInputStream in() {
    return in;
  }

  /** Reads one answer, its body by its length or chunks; null: the gateway hung up instead. */
  @SuppressWarnings("NullAway")
  public Answer answer() throws IOException {
    String line = line();
    if (line == null) {
      return null;
    }
    int status = Integer.parseInt(line.split(" ", 3)[1]);
    var headers = new HashMap<String, String>();
    for (String header = line(); header != null && !header.isEmpty(); header = line()) {
      int colon = header.indexOf(':');
      headers.put(
          header.substring(0, colon).toLowerCase(Locale.ROOT), header.substring(colon + 1).strip());
    }
    return new Answer(status, headers, body(status, headers));
  }

  private String body(int status, Map<String, String> headers) throws IOException {
    if (status == 101 || status == 204 || status == 304) {
      return "";
    }
    if (headers.containsKey("content-length")) {
      byte[] body = new byte[Integer.parseInt(headers.get("content-length"))];
      in.readFully(body);
      return new String(body, StandardCharsets.UTF_8);
    }
    if (!"chunked".equals(headers.get("transfer-encoding"))) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
    var body = new ByteArrayOutputStream();
    while (true) {
      String size = line();
      int length = size == null ? 0 : Integer.parseInt(size, 16);
      byte[] chunk = new byte[length];
      in.readFully(chunk);
      body.write(chunk);
      line();
      if (length == 0) {
        return body.toString(StandardCharsets.UTF_8);
      }
    }
  }

  @SuppressWarnings("NullAway")
  private String line() throws IOException {
    var line = new ByteArrayOutputStream();
    while (true) {
      int next = read(in);
      if (next < 0) {
        return line.size() == 0 ? null : line.toString(StandardCharsets.ISO_8859_1);
      }
      if (next == '\n') {
        return line.toString(StandardCharsets.ISO_8859_1);
      }
      if (next != '\r') {
        line.write(next);
      }
    }
  }

  /** A reset is an end, too: a gateway that hangs up need not have read everything. */
  private static int read(InputStream in) throws IOException {
    try {
      return in.read();
    } catch (SocketException e) {
      return -1;
    }
  }

  /** Waits so long for the gateway to hang up; what it says meanwhile is thrown away. */
  public boolean endsWithin(int millis) throws IOException {
    socket.setSoTimeout(millis);
    try {
      while (read(in) >= 0) {
        // An answer.
      }
      return true;
    } catch (SocketTimeoutException e) {
      return false;
    } finally {
      socket.setSoTimeout(PATIENCE_MILLIS);
    }
  }

  /** Reads until the gateway hangs up, and says how much came. */
  public long drain() throws IOException {
    return rest().length;
  }

  /** What comes until the gateway hangs up. */
  byte[] rest() throws IOException {
    var all = new ByteArrayOutputStream();
    byte[] scratch = new byte[16 << 10];
    try {
      for (int n = in.read(scratch); n >= 0; n = in.read(scratch)) {
        all.write(scratch, 0, n);
      }
    } catch (SocketException e) {
      // Hung up.
    }
    return all.toByteArray();
  }

  /** Ends with a reset, as a process that is killed may. */
  void reset() throws IOException {
    socket.setSoLinger(true, 0);
    socket.close();
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
