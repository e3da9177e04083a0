package dev.heddle.gateway.connection;

import dev.heddle.gateway.session.ConnectionKey;
import dev.heddle.gateway.session.SessionStore;
import dev.heddle.gateway.session.Signer;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.Base64;
import java.util.Optional;

/**
 * Ids of connections and the tokens that resume them, both signed. An id names a connection to
 * handlers and services, and says whether it can be resumed and at which node it began: 88 random
 * bits, and 72 of a signature over all of it and the tenant, so that a forged one is refused
 * without a look into the grid. A resume token is its client's alone: {@code
 * id.generation.signature}. Thread-safe.
 */
final class Tokens {
  private static final byte PLAIN = 0;
  private static final byte RESUMABLE = 1;

  /** The kind, the home, and what is random. */
  private static final int NAME = 18;

  private static final int HOME = 6;
  private static final int ID_SIGNATURE = 9;
  private static final int ID_LENGTH = 36;
  private static final int TOKEN_SIGNATURE = 18;
  private static final int LONGEST = 80;
  private static final Base64.Encoder ENCODER = Base64.getUrlEncoder().withoutPadding();
  private static final Base64.Decoder DECODER = Base64.getUrlDecoder();

  private final Signer ids;
  private final Signer resumes;
  private final SecureRandom random = new SecureRandom();
  private final byte[] home;

  /** Those that this node issues. */
  Tokens(SessionStore sessions, String node) {
    this.home = homeOf(node);
    this.ids = sessions.signer("heddle connection id");
    this.resumes = sessions.signer("heddle connection resume");
  }

  /** What a resume token says. */
  record Resume(ConnectionKey key, long generation) {}

  /**
   * What an id says.
   *
   * @param home of the gateway where it began, as {@link #home} has it
   */
  record Named(ConnectionKey key, boolean resumable, String home) {}

  /** What ids say of a node: a name may be long, and is nobody's business outside. */
  static String home(String node) {
    return ENCODER.encodeToString(homeOf(node));
  }

  private static byte[] homeOf(String node) {
    try {
      byte[] name = node.getBytes(StandardCharsets.UTF_8);
      return Arrays.copyOf(MessageDigest.getInstance("SHA-256").digest(name), HOME);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("the platform lacks SHA-256", e);
    }
  }

  String newId(String tenant, boolean resumable) {
    byte[] name = new byte[NAME];
    random.nextBytes(name);
    name[0] = resumable ? RESUMABLE : PLAIN;
    System.arraycopy(home, 0, name, 1, HOME);
    byte[] id = Arrays.copyOf(name, NAME + ID_SIGNATURE);
    byte[] signature = ids.sign(tenant, ENCODER.encodeToString(name));
    System.arraycopy(signature, 0, id, NAME, ID_SIGNATURE);
    return ENCODER.encodeToString(id);
  }

  /** What this id says; empty: it is no id of this tenant. */
  Optional<Named> named(String tenant, String id) {
    if (id.length() != ID_LENGTH) {
      return Optional.empty();
    }
    byte[] bytes;
    try {
      bytes = DECODER.decode(id);
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
    String name = ENCODER.encodeToString(Arrays.copyOf(bytes, NAME));
    if (!ids.verify(Arrays.copyOfRange(bytes, NAME, bytes.length), tenant, name)) {
      return Optional.empty();
    }
    String at = ENCODER.encodeToString(Arrays.copyOfRange(bytes, 1, 1 + HOME));
    return Optional.of(new Named(new ConnectionKey(tenant, id), bytes[0] == RESUMABLE, at));
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
      Optional<ConnectionKey> key = named(tenant, parts[0]).map(Named::key);
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
