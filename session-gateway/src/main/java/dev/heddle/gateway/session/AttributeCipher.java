package dev.heddle.gateway.session;

import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.concurrent.ArrayBlockingQueue;
import javax.crypto.Cipher;
import javax.crypto.SecretKey;
import javax.crypto.spec.GCMParameterSpec;

/**
 * Seals attribute values before they enter the grid: AES-256-GCM under a key of the session's own,
 * bound to tenant, session and attribute name. A sealed value is {@code length of key id (1 byte),
 * key id, nonce (12 bytes), ciphertext, tag (16 bytes)}. Its first part up to the nonce is the
 * <i>stamp</i>: as nonces are random, it names one write of one value. Ciphers are kept for the
 * next ones, as making one takes longer than sealing a small value. Thread-safe.
 */
final class AttributeCipher {
  private static final int NONCE = 12;
  private static final int TAG = 16;

  /** Ciphers that wait to be used again: more than are at work at once. */
  private static final int MOST_IDLE = 32;

  private final KeyRing ring;
  private final SecureRandom random = new SecureRandom();
  private final ArrayBlockingQueue<Cipher> idle = new ArrayBlockingQueue<>(MOST_IDLE);

  AttributeCipher(KeyRing ring) {
    this.ring = ring;
  }

  byte[] seal(String tenant, String session, String name, byte[] plain) {
    KeyRing.Key key = ring.newest();
    byte[] id = key.id().getBytes(StandardCharsets.US_ASCII);
    int start = 1 + id.length;
    byte[] sealed = new byte[start + NONCE + plain.length + TAG];
    byte[] nonce = new byte[NONCE];
    random.nextBytes(nonce);
    sealed[0] = (byte) id.length;
    System.arraycopy(id, 0, sealed, 1, id.length);
    System.arraycopy(nonce, 0, sealed, start, NONCE);
    try {
      Cipher cipher = cipher(Cipher.ENCRYPT_MODE, key, nonce, tenant, session, name);
      cipher.doFinal(plain, 0, plain.length, sealed, start + NONCE);
      keep(cipher);
      return sealed;
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("the platform lacks AES-GCM", e);
    }
  }

  /**
   * The value inside.
   *
   * @throws HeddleException INTERNAL if its key has left the ring or it was sealed for another
   *     place
   */
  byte[] open(String tenant, String session, String name, byte[] sealed) {
    int start = 1 + sealed[0];
    String id = new String(sealed, 1, sealed[0], StandardCharsets.US_ASCII);
    KeyRing.Key key =
        ring.byId(id)
            .orElseThrow(() ->
                new HeddleException(
                    ErrorCode.INTERNAL,
                    "session attribute "
                        + name
                        + ": sealed with key "
                        + id
                        + " (expected: a key of this node's ring)"));
    byte[] nonce = Arrays.copyOfRange(sealed, start, start + NONCE);
    try {
      Cipher cipher = cipher(Cipher.DECRYPT_MODE, key, nonce, tenant, session, name);
      byte[] plain = cipher.doFinal(sealed, start + NONCE, sealed.length - start - NONCE);
      keep(cipher);
      return plain;
    } catch (GeneralSecurityException e) {
      throw new HeddleException(
          ErrorCode.INTERNAL, "session attribute " + name + ": does not decrypt", e);
    }
  }

  static byte[] stamp(byte[] sealed) {
    return Arrays.copyOf(sealed, 1 + sealed[0] + NONCE);
  }

  static boolean stampedWith(byte[] sealed, byte[] stamp) {
    return sealed.length >= stamp.length
        && Arrays.equals(sealed, 0, stamp.length, stamp, 0, stamp.length);
  }

  /** Bytes of the value inside. */
  static int plainLength(byte[] sealed) {
    return sealed.length - 1 - sealed[0] - NONCE - TAG;
  }

  /** It has done its work. One that failed is not kept. */
  private void keep(Cipher cipher) {
    var _ = idle.offer(cipher);
  }

  private Cipher cipher(
      int mode, KeyRing.Key key, byte[] nonce, String tenant, String session, String name)
      throws GeneralSecurityException {
    // A key a session keeps the number of random nonces under one key far below AES-GCM's bound.
    SecretKey secret = key.derive("AES", "heddle session attribute\0" + tenant + "\0" + session);
    Cipher cipher = idle.poll();
    if (cipher == null) {
      cipher = Cipher.getInstance("AES/GCM/NoPadding");
    }
    // Nothing of what it did before is left: key, nonce and what is authenticated are new.
    cipher.init(mode, secret, new GCMParameterSpec(TAG * 8, nonce));
    String place = tenant + "\0" + session + "\0" + name;
    cipher.updateAAD(place.getBytes(StandardCharsets.UTF_8));
    return cipher;
  }
}
