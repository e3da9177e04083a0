package dev.heddle.gateway.session;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import javax.crypto.Mac;
import javax.crypto.SecretKey;

/**
 * Session ids and the cookie value {@code id.signature}. An id is 128 random bits and the second it
 * was made; the signature covers tenant and id, so that a cookie of one tenant is nothing to
 * another. Thread-safe.
 */
final class SessionCookie {
  private static final int RANDOM_BYTES = 16;
  private static final int ID_LENGTH = 27;
  private static final Base64.Encoder ENCODER = Base64.getUrlEncoder().withoutPadding();
  private static final Base64.Decoder DECODER = Base64.getUrlDecoder();

  /** Each with its key, never used but as the beginning of others. */
  private final List<Mac> newestFirst;

  private final SecureRandom random = new SecureRandom();

  SessionCookie(KeyRing ring) {
    this.newestFirst =
        ring.all().reversed().stream()
            .map(key -> mac(key.derive("HmacSHA256", "heddle session cookie")))
            .toList();
  }

  String newId(Instant now) {
    byte[] bytes = new byte[RANDOM_BYTES + Integer.BYTES];
    random.nextBytes(bytes);
    // Unsigned seconds last until the year 2106.
    ByteBuffer.wrap(bytes).putInt(RANDOM_BYTES, (int) now.getEpochSecond());
    return ENCODER.encodeToString(bytes);
  }

  String value(String tenant, String id) {
    return id + "." + ENCODER.encodeToString(sign(newestFirst.getFirst(), tenant, id));
  }

  /** The id, if any key of the ring signed the value. */
  Optional<String> verify(String tenant, String value) {
    if (value.length() > 128 || value.indexOf('.') != ID_LENGTH) {
      return Optional.empty();
    }
    String id = value.substring(0, ID_LENGTH);
    byte[] signature;
    try {
      signature = DECODER.decode(value.substring(ID_LENGTH + 1));
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
    for (Mac key : newestFirst) {
      if (MessageDigest.isEqual(sign(key, tenant, id), signature)) {
        return created(id).map(instant -> id);
      }
    }
    return Optional.empty();
  }

  /** When the id was made; empty if it is not an id. */
  static Optional<Instant> created(String id) {
    if (id.length() != ID_LENGTH) {
      return Optional.empty();
    }
    try {
      int seconds = ByteBuffer.wrap(DECODER.decode(id)).getInt(RANDOM_BYTES);
      return Optional.of(Instant.ofEpochSecond(Integer.toUnsignedLong(seconds)));
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }

  private static Mac mac(SecretKey key) {
    try {
      Mac mac = Mac.getInstance("HmacSHA256");
      mac.init(key);
      return mac;
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("the platform lacks HmacSHA256", e);
    }
  }

  private static byte[] sign(Mac key, String tenant, String id) {
    try {
      Mac mac = (Mac) key.clone();
      mac.update(tenant.getBytes(StandardCharsets.UTF_8));
      mac.update((byte) 0);
      return mac.doFinal(id.getBytes(StandardCharsets.UTF_8));
    } catch (CloneNotSupportedException e) {
      throw new IllegalStateException("the platform's HmacSHA256 cannot be cloned", e);
    }
  }
}
