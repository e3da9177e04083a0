package dev.heddle.gateway.session;

import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import javax.crypto.KDF;
import javax.crypto.Mac;
import javax.crypto.SecretKey;
import javax.crypto.spec.HKDFParameterSpec;
import javax.crypto.spec.SecretKeySpec;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.dataformat.yaml.YAMLMapper;

/**
 * The secrets behind cookies and attributes, oldest first. The last one makes new signatures and
 * ciphertexts; all of them verify and decrypt, so that a ring is rotated by appending a key on all
 * nodes and dropping the first one a session's maximal age later. Immutable.
 *
 * <p>The file is YAML, readable by its owner only: {@code grid: NAME} and {@code keys: [{id: k1,
 * secret: BASE64}]}. The grid's name stays the same over rotations.
 */
public final class KeyRing {
  private static final int MAX_KEYS = 8;
  private static final int SECRET_BYTES = 32;
  private static final Set<PosixFilePermission> OWNER_ONLY =
      PosixFilePermissions.fromString("rw-------");

  private final String gridName;
  private final List<Key> keys;

  private KeyRing(String gridName, List<Key> keys) {
    this.gridName = gridName;
    this.keys = List.copyOf(keys);
  }

  /**
   * Reads a ring.
   *
   * @throws HeddleException INVALID_REQUEST if the file is missing, readable by others or malformed
   */
  public static KeyRing read(Path file) {
    try {
      var permissions = Files.getPosixFilePermissions(file);
      if (!OWNER_ONLY.containsAll(permissions)) {
        throw invalid(file, PosixFilePermissions.toString(permissions), "permissions rw-------");
      }
      return parse(file, Files.readString(file));
    } catch (IOException e) {
      throw new HeddleException(
          ErrorCode.INVALID_REQUEST, "keys: " + file + " (expected: a readable key ring file)", e);
    }
  }

  /** Writes a ring of one fresh key, unless the file is there already. */
  public static void createIfAbsent(Path file) throws IOException {
    if (Files.exists(file)) {
      return;
    }
    Path temporary = file.resolveSibling(file.getFileName() + ".new");
    Files.deleteIfExists(temporary);
    Files.createFile(temporary, PosixFilePermissions.asFileAttribute(OWNER_ONLY));
    String secret = Base64.getEncoder().encodeToString(randomSecret());
    Files.writeString(
        temporary,
        """
        # Signs session cookies and encrypts session attributes. The last key is used for new ones.
        # Only nodes that know the grid's name share sessions.
        grid: %s
        keys:
          - {id: k1, secret: "%s"}
        """
            .formatted(newGridName(), secret),
        StandardOpenOption.WRITE);
    Files.move(temporary, file);
  }

  /** A ring of one key that dies with the process. */
  public static KeyRing ephemeral() {
    return new KeyRing(newGridName(), List.of(new Key("k0", randomSecret())));
  }

  private static KeyRing parse(Path file, String yaml) {
    JsonNode tree;
    try {
      tree = YAMLMapper.builder().build().readTree(yaml);
    } catch (JacksonException e) {
      throw new HeddleException(
          ErrorCode.INVALID_REQUEST, "keys: " + file + " (expected: YAML with `keys`)", e);
    }
    String gridName = tree.path("grid").asString("");
    if (!gridName.matches("[A-Za-z0-9-]{1,64}")) {
      throw invalid(file, "grid " + gridName, "1..64 letters, digits, '-'");
    }
    JsonNode list = tree.path("keys");
    if (!list.isArray() || list.isEmpty() || list.size() > MAX_KEYS) {
      throw invalid(file, "keys", "a list of 1.." + MAX_KEYS + " keys");
    }
    var keys = new ArrayList<Key>();
    var ids = new HashSet<String>();
    for (JsonNode node : list) {
      String id = node.path("id").asString("");
      if (!id.matches("[A-Za-z0-9]{1,16}") || !ids.add(id)) {
        throw invalid(file, "id " + id, "1..16 letters and digits, each id once");
      }
      keys.add(new Key(id, secret(file, id, node.path("secret").asString(""))));
    }
    return new KeyRing(gridName, keys);
  }

  private static byte[] secret(Path file, String id, String base64) {
    byte[] secret;
    try {
      secret = Base64.getDecoder().decode(base64);
    } catch (IllegalArgumentException e) {
      secret = new byte[0];
    }
    if (secret.length < SECRET_BYTES) {
      throw invalid(file, "secret of " + id, "base64 of at least 32 bytes");
    }
    return secret;
  }

  private static HeddleException invalid(Path file, String what, String expected) {
    return new HeddleException(
        ErrorCode.INVALID_REQUEST, "keys: " + file + ": " + what + " (expected: " + expected + ")");
  }

  private static String newGridName() {
    return "heddle-" + HexFormat.of().formatHex(randomSecret(), 0, 16);
  }

  private static byte[] randomSecret() {
    byte[] secret = new byte[SECRET_BYTES];
    new SecureRandom().nextBytes(secret);
    return secret;
  }

  /** The grid that the nodes with this ring form; members of other names are not let in. */
  String gridName() {
    return gridName;
  }

  Key newest() {
    return keys.getLast();
  }

  List<Key> all() {
    return keys;
  }

  Optional<Key> byId(String id) {
    return keys.stream().filter(key -> key.id().equals(id)).findFirst();
  }

  /** One secret; keys for single purposes are derived from it, so that none serves two. */
  static final class Key {
    private final String id;

    /** Of what was extracted from the secret; never used but as the beginning of others. */
    private final Mac expansion;

    Key(String id, byte[] secret) {
      this.id = id;
      try {
        SecretKey extracted =
            KDF.getInstance("HKDF-SHA256")
                .deriveKey(
                    "HmacSHA256", HKDFParameterSpec.ofExtract().addIKM(secret).extractOnly());
        this.expansion = Mac.getInstance("HmacSHA256");
        expansion.init(extracted);
      } catch (GeneralSecurityException e) {
        throw new IllegalStateException("the platform lacks HKDF-SHA256", e);
      }
    }

    String id() {
      return id;
    }

    /** 32 bytes, by HKDF (RFC 5869, of which that is the first block). */
    SecretKey derive(String algorithm, String purpose) {
      try {
        Mac mac = (Mac) expansion.clone();
        mac.update(purpose.getBytes(StandardCharsets.UTF_8));
        mac.update((byte) 1);
        return new SecretKeySpec(mac.doFinal(), algorithm);
      } catch (CloneNotSupportedException e) {
        throw new IllegalStateException("the platform's HmacSHA256 cannot be cloned", e);
      }
    }

    @Override
    public String toString() {
      return "Key[" + id + "]";
    }
  }
}
