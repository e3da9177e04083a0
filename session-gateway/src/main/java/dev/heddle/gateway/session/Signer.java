package dev.heddle.gateway.session;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.List;
import javax.crypto.Mac;
import javax.crypto.SecretKey;

/**
 * HMAC-SHA256 for one purpose, by keys derived from the ring: the newest signs, all verify.
 * Thread-safe.
 */
public final class Signer {
  /** Each with its key, never used but as the beginning of others. */
  private final List<Mac> newestFirst;

  Signer(KeyRing ring, String purpose) {
    this.newestFirst =
        ring.all().reversed().stream().map(key -> mac(key.derive("HmacSHA256", purpose))).toList();
  }

  /** The 32 bytes that prove these parts, in this order, to come from a holder of the ring. */
  public byte[] sign(String... parts) {
    return sign(newestFirst.getFirst(), parts);
  }

  /**
   * Whether a key of the ring signed these parts. Takes as long for a wrong signature as for a
   * right one.
   *
   * @param signature all of it, or as many of its first bytes as were kept, at least 8
   */
  public boolean verify(byte[] signature, String... parts) {
    if (signature.length < 8) {
      return false;
    }
    boolean matches = false;
    for (Mac key : newestFirst) {
      byte[] whole = sign(key, parts);
      byte[] kept = java.util.Arrays.copyOf(whole, Math.min(whole.length, signature.length));
      matches |= MessageDigest.isEqual(kept, signature);
    }
    return matches;
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

  private static byte[] sign(Mac key, String... parts) {
    try {
      Mac mac = (Mac) key.clone();
      for (String part : parts) {
        byte[] bytes = part.getBytes(StandardCharsets.UTF_8);
        // With lengths, so that no two lists of parts are the same bytes.
        mac.update((byte) (bytes.length >>> 8));
        mac.update((byte) bytes.length);
        mac.update(bytes);
      }
      return mac.doFinal();
    } catch (CloneNotSupportedException e) {
      throw new IllegalStateException("the platform's HmacSHA256 cannot be cloned", e);
    }
  }
}
