package dev.heddle.gateway.connection;

import dev.heddle.gateway.http.Exchange;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;
import java.util.List;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import org.eclipse.jetty.http.HttpFields;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.http.HttpVersion;
import org.eclipse.jetty.server.Request;

/**
 * Whether a request is a client's opening handshake, by RFC 6455 4.2.1. It is read before a place
 * is taken or an app's $connect is asked, so that a request that only says so wakes nobody.
 */
final class Handshake {
  private static final String VERSION = "13";
  private static final String GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  private static final int KEY_BYTES = 16;
  private static final Pattern TOKEN = Pattern.compile("[!#$%&'*+.^_`|~0-9A-Za-z-]+");

  private Handshake() {}

  /**
   * Answers 426 to what asks for no WebSocket, or for another version of it.
   *
   * @return whether it may go on
   * @throws HeddleException INVALID_REQUEST for a handshake that is malformed
   */
  static boolean check(Exchange exchange) {
    Request request = exchange.request();
    HttpFields headers = request.getHeaders();
    boolean current = HttpVersion.HTTP_1_1.is(request.getConnectionMetaData().getProtocol());
    List<String> upgrades = headers.getValuesList(HttpHeader.UPGRADE);
    // A list of protocols leaves open which of them is meant to begin.
    if (!current || upgrades.size() != 1 || !upgrades.getFirst().equalsIgnoreCase("websocket")) {
      return refuse(exchange, "upgrade: missing (expected: a WebSocket handshake of HTTP/1.1)");
    }
    List<String> versions = headers.getValuesList(HttpHeader.SEC_WEBSOCKET_VERSION);
    if (!versions.equals(List.of(VERSION))) {
      return refuse(
          exchange,
          "sec-websocket-version: " + String.join(", ", versions) + " (expected: " + VERSION + ")");
    }
    if (!headers.contains(HttpHeader.CONNECTION, "upgrade")) {
      throw invalid("connection: without upgrade (expected: Connection: Upgrade)");
    }
    List<String> keys = headers.getValuesList(HttpHeader.SEC_WEBSOCKET_KEY);
    if (keys.size() != 1 || !isKey(keys.getFirst())) {
      throw invalid("sec-websocket-key: (expected: one, of 16 bytes in base64)");
    }
    // Its bytes would be taken for frames.
    if (request.getLength() > 0 || headers.contains(HttpHeader.TRANSFER_ENCODING)) {
      throw invalid("content: beside a handshake (expected: none)");
    }
    checkLists(headers);
    return true;
  }

  /** What proves to the client that its key was read (RFC 6455 4.2.2). */
  static String accept(Request request) {
    String key = request.getHeaders().get(HttpHeader.SEC_WEBSOCKET_KEY);
    try {
      byte[] hash =
          MessageDigest.getInstance("SHA-1")
              .digest((key + GUID).getBytes(StandardCharsets.US_ASCII));
      return Base64.getEncoder().encodeToString(hash);
    } catch (NoSuchAlgorithmException e) {
      // Each Java platform has it.
      throw new IllegalStateException(e);
    }
  }

  private static boolean isKey(String key) {
    try {
      return Base64.getDecoder().decode(key).length == KEY_BYTES;
    } catch (IllegalArgumentException e) {
      return false;
    }
  }

  /** By 9.1 and 11.3.4: what is no list of tokens ends the handshake. */
  private static void checkLists(HttpFields headers) {
    check(headers, HttpHeader.SEC_WEBSOCKET_EXTENSIONS, Handshake::isExtension);
    check(headers, HttpHeader.SEC_WEBSOCKET_SUBPROTOCOL, Handshake::isToken);
  }

  private static void check(HttpFields headers, HttpHeader header, Predicate<String> form) {
    for (String list : headers.getValuesList(header)) {
      boolean named = false;
      for (String element : list.split(",", -1)) {
        // RFC 9110 5.6.1: empty elements of a list mean nothing.
        if (!element.isBlank()) {
          named = true;
          if (!form.test(element.strip())) {
            throw malformed(header, element);
          }
        }
      }
      if (!named) {
        throw malformed(header, list);
      }
    }
  }

  private static HeddleException malformed(HttpHeader header, String value) {
    return invalid(
        header.lowerCaseName() + ": " + value + " (expected: names, as RFC 6455 has them)");
  }

  /** A quoted value has to be a token, too, so nothing that separates can stand in one. */
  private static boolean isExtension(String element) {
    String[] parts = element.split(";", -1);
    for (int i = 1; i < parts.length; i++) {
      String[] pair = parts[i].strip().split("=", 2);
      if (!isToken(pair[0]) || (pair.length == 2 && !isToken(unquoted(pair[1])))) {
        return false;
      }
    }
    return isToken(parts[0].strip());
  }

  private static String unquoted(String value) {
    boolean quoted = value.length() > 1 && value.startsWith("\"") && value.endsWith("\"");
    return quoted ? value.substring(1, value.length() - 1) : value;
  }

  private static boolean isToken(String text) {
    return TOKEN.matcher(text).matches();
  }

  private static boolean refuse(Exchange exchange, String message) {
    exchange.header(HttpHeader.UPGRADE, "websocket");
    exchange.header(HttpHeader.SEC_WEBSOCKET_VERSION, VERSION);
    exchange.error(426, invalid(message));
    return false;
  }

  private static HeddleException invalid(String message) {
    return new HeddleException(ErrorCode.INVALID_REQUEST, message);
  }
}
