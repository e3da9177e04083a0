package dev.heddle.loadtest.http;

import dev.heddle.process.HostPort;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;

/**
 * A request as the bytes that go out, made before the clock starts.
 *
 * @param bytes head and body
 */
public record HttpRequest(byte[] bytes) {

  /**
   * Puts a request together.
   *
   * @param target path and query, encoded already
   * @param headers beside Host and Content-Length
   * @param body empty: none
   * @throws IllegalArgumentException if the target or a header could not stand in a head
   */
  public static HttpRequest of(
      String method, String target, HostPort host, Map<String, String> headers, byte[] body) {
    var head = new StringBuilder();
    head.append(method).append(' ').append(checked("target", target, ' '));
    head.append(" HTTP/1.1\r\nHost: ").append(host).append("\r\n");
    headers.forEach((name, value) ->
        head.append(checked("header", name, ':'))
            .append(": ")
            .append(checked(name, value, '\n'))
            .append("\r\n"));
    if (body.length > 0 || !method.equals("GET")) {
      head.append("Content-Length: ").append(body.length).append("\r\n");
    }
    head.append("\r\n");
    var bytes = new ByteArrayOutputStream(head.length() + body.length);
    bytes.writeBytes(head.toString().getBytes(StandardCharsets.ISO_8859_1));
    bytes.writeBytes(body);
    return new HttpRequest(bytes.toByteArray());
  }

  private static String checked(String name, String text, char forbidden) {
    boolean fits = text.chars().allMatch(c -> c >= ' ' && c <= 0xff && c != 0x7f && c != forbidden);
    if (!fits) {
      throw new IllegalArgumentException(
          name + ": " + text.length() + " characters (expected: printable ones without breaks)");
    }
    return text;
  }
}
