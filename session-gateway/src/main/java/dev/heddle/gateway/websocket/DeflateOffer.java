package dev.heddle.gateway.websocket;

import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * What a client offers of permessage-deflate, if this server can take it (RFC 7692 7.1).
 *
 * @param serverBits what the server's window may have at most; 0: the client asks for nothing
 */
public record DeflateOffer(int serverBits) {
  private static final String NAME = "permessage-deflate";
  private static final int MOST_BITS = 15;

  /**
   * The first offer of a request that is one; empty: none, or only such as must be declined.
   *
   * @param headers values of Sec-WebSocket-Extensions, lists of names with parameters
   */
  public static Optional<DeflateOffer> first(List<String> headers) {
    for (String header : headers) {
      // No comma or semicolon can stand in a value: quoted ones have to be tokens, too.
      for (String element : header.split(",", -1)) {
        String[] parts = element.split(";", -1);
        if (parts[0].strip().equals(NAME)) {
          Optional<DeflateOffer> offer = read(parts);
          if (offer.isPresent()) {
            return offer;
          }
        }
      }
    }
    return Optional.empty();
  }

  private static Optional<DeflateOffer> read(String[] parts) {
    var seen = new HashSet<String>();
    int serverBits = 0;
    for (int i = 1; i < parts.length; i++) {
      String[] pair = parts[i].split("=", 2);
      String name = pair[0].strip();
      String value = pair.length == 1 ? null : unquoted(pair[1].strip());
      if (!seen.add(name.toLowerCase(Locale.ROOT))) {
        return Optional.empty();
      }
      switch (name) {
        case "server_no_context_takeover", "client_no_context_takeover" -> {
          if (value != null) {
            return Optional.empty();
          }
        }
        case "server_max_window_bits" -> {
          serverBits = value == null ? 0 : bits(value);
          if (serverBits == 0) {
            return Optional.empty();
          }
        }
        case "client_max_window_bits" -> {
          if (value != null && bits(value) == 0) {
            return Optional.empty();
          }
        }
        default -> {
          return Optional.empty();
        }
      }
    }
    return Optional.of(new DeflateOffer(serverBits));
  }

  private static String unquoted(String value) {
    boolean quoted = value.length() > 1 && value.startsWith("\"") && value.endsWith("\"");
    return quoted ? value.substring(1, value.length() - 1) : value;
  }

  /** 0: not what the RFC calls a number of bits. */
  private static int bits(String value) {
    if (!value.matches("[89]|1[0-5]")) {
      return 0;
    }
    return Integer.parseInt(value);
  }

  /** What the server answers: each message for itself, in both directions. */
  public String answer() {
    String answer = NAME + "; server_no_context_takeover; client_no_context_takeover";
    return serverBits == 0 ? answer : answer + "; server_max_window_bits=" + serverBits;
  }

  /**
   * Bytes of the largest message that may be compressed: the window of zlib in Java cannot be made
   * smaller, but no message reaches back behind its beginning.
   */
  int mostCompressed() {
    return serverBits == 0 || serverBits == MOST_BITS ? Integer.MAX_VALUE : 1 << serverBits;
  }
}
