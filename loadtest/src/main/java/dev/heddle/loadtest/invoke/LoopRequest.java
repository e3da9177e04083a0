package dev.heddle.loadtest.invoke;

import dev.heddle.process.HostPort;
import java.nio.charset.StandardCharsets;

/**
 * A request whose cookies are not known yet.
 *
 * @param head up to its last header, with that one's line break
 * @param body what follows the empty line
 */
record LoopRequest(String head, String body) {
  /** A POST of JSON. */
  static LoopRequest post(HostPort host, String target, String json) {
    int length = json.getBytes(StandardCharsets.UTF_8).length;
    var head =
        "POST %s HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n"
            .formatted(target, host, length);
    return new LoopRequest(head, json);
  }

  /** With one more header. */
  LoopRequest withHeader(String name, String value) {
    return new LoopRequest(head + name + ": " + value + "\r\n", body);
  }

  /** A GET. */
  static LoopRequest get(HostPort host, String target) {
    return new LoopRequest("GET %s HTTP/1.1\r\nHost: %s\r\n".formatted(target, host), "");
  }

  /**
   * What goes out.
   *
   * @param cookie name and value; empty: none
   */
  byte[] bytes(String cookie) {
    var text = head + (cookie.isEmpty() ? "" : "Cookie: " + cookie + "\r\n") + "\r\n" + body;
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
