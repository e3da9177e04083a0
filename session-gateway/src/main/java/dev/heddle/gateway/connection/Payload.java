package dev.heddle.gateway.connection;

import java.nio.charset.StandardCharsets;
import java.util.Base64;

/**
 * A frame's content. Neither side alters the bytes.
 *
 * @param binary else it is UTF-8
 */
record Payload(byte[] bytes, boolean binary) {
  static Payload text(byte[] utf8) {
    return new Payload(utf8, false);
  }

  /** As events and envelopes carry it: text as it is, bytes as base64. */
  String body() {
    return binary
        ? Base64.getEncoder().encodeToString(bytes)
        : new String(bytes, StandardCharsets.UTF_8);
  }
}
