package dev.heddle.gateway.connection;

import dev.heddle.gateway.session.ConnectionKey;
import dev.heddle.gateway.session.SessionStore;
import dev.heddle.gateway.session.Signer;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.Base64;
import java.util.Optional;

/**
 * Ids of connections and the tokens that resume them, both signed. An id names a connection to
 * handlers and services: 96 random bits and 72 of a signature over it and the tenant, so that a
 * forged one is refused without a look into the grid. A resume token is its client's alone: {@code
 * id.generation.signature}. Thread-safe.
 */
final class Tokens {
  private static final int RANDOM = 12;
  private static final int ID_SIGNATURE = 9;
  private static final int ID_LENGTH = 28;
  private static final int TOKEN_SIGNATURE = 18;
  private static final int LONGEST = 80;
  private static final Base64.Encoder ENCODER = Base64.getUrlEncoder().withoutPadding();
  private static final Base64.Decoder DECODER = Base64.getUrlDecoder();

  private final Signer ids;
  private final Signer resumes;
  private final SecureRandom random = new SecureRandom();

  Tokens(SessionStore sessions) {
    this.ids = sessions.signer("heddle connection id");
    this.resumes = sessions.signer("heddle connection resume");
  }

  /** What a resume token says. */
  record Resume(ConnectionKey key, long generation) {}

  String newId(String tenant) {
    byte[] bytes = new byte[RANDOM];
    random.nextBytes(bytes);
    String name = ENCODER.encodeToString(bytes);
    byte[] id = Arrays.copyOf(bytes, RANDOM + ID_SIGNATURE);
    System.arraycopy(ids.sign(tenant, name), 0, id, RANDOM, ID_SIGNATURE);
    return ENCODER.encodeToString(id);
  }

  /** The connection of this id; empty: it is no id of this tenant. */
  Optional<ConnectionKey> key(String tenant, String id) {
    if (id.length() != ID_LENGTH) {
      return Optional.empty();
    }
    byte[] bytes;
    try {
      bytes = DECODER.decode(id);
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
    String name = ENCODER.encodeToString(Arrays.copyOf(bytes, RANDOM));
    return ids.verify(Arrays.copyOfRange(bytes, RANDOM, bytes.length), tenant, name)
        ? Optional.of(new ConnectionKey(tenant, id))
        : Optional.empty();
  }

  String resume(ConnectionKey key, long generation) {
    byte[] signature = resumes.sign(key.tenant(), key.id(), Long.toString(generation));
    return key.id()
        + "."
        + generation
        + "."
        + ENCODER.encodeToString(Arrays.copyOf(signature, TOKEN_SIGNATURE));
  }

  /**
   * Reads a resume token.
   *
   * @throws HeddleException FORBIDDEN if it is forged or another tenant's
   */
  Resume read(String tenant, String token) {
    String[] parts = token.length() > LONGEST ? new String[0] : token.split("\\.", -1);
    if (parts.length == 3 && parts[1].matches("[1-9][0-9]{0,17}")) {
      Optional<ConnectionKey> key = key(tenant, parts[0]);
      if (key.isPresent() && signed(key.get(), parts[1], parts[2])) {
        return new Resume(key.get(), Long.parseLong(parts[1]));
      }
    }
    throw new HeddleException(
        ErrorCode.FORBIDDEN, "resume: not a token of this tenant (expected: the newest one)");
  }

  private boolean signed(ConnectionKey key, String generation, String signature) {
    try {
      byte[] bytes = DECODER.decode(signature);
      return bytes.length == TOKEN_SIGNATURE
          && resumes.verify(bytes, key.tenant(), key.id(), generation);
    } catch (IllegalArgumentException e) {
      return false;
    }
  }
}
