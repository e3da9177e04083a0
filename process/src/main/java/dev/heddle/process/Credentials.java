package dev.heddle.process;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Who may call: API keys of tenants at the public doors, a ring of cluster secrets between nodes.
 * Read once from files that only their owner can read. Immutable; safe for any thread.
 */
public final class Credentials {
  /** API keys in a file, and secrets in a ring, at most. */
  private static final int MOST_KEYS = 1_000;

  private static final int MOST_SECRETS = 16;
  private static final long LARGEST_FILE = 1 << 20;
  private static final Pattern ID = Pattern.compile("[A-Za-z0-9._-]{1,64}");

  /** Long enough not to be guessed, and plain enough to travel in a header. */
  private static final Pattern SECRET = Pattern.compile("[!-~]{16,256}");

  private static final Set<PosixFilePermission> OWNER_ONLY =
      Set.of(PosixFilePermission.OWNER_READ, PosixFilePermission.OWNER_WRITE);

  private static final Credentials NONE = new Credentials(List.of(), List.of());

  record ApiKey(String id, String key, String tenant) {
    ApiKey {
      check("id", id, ID, "1..64 letters, digits, '.', '_', '-'");
      checkSecret("key", id, key);
      RequestContext.checkTenant(tenant);
    }
  }

  record ApiKeysFile(List<ApiKey> keys) {}

  private record Accepted(byte[] digest, String tenant) {}

  private final List<Accepted> apiKeys;
  private final List<String> secrets;

  private Credentials(List<Accepted> apiKeys, List<String> secrets) {
    this.apiKeys = apiKeys;
    this.secrets = secrets;
  }

  /** No credentials: everyone is tenant {@code default}, and only loopback may be served. */
  public static Credentials none() {
    return NONE;
  }

  /**
   * Reads the files.
   *
   * @throws HeddleException INVALID_REQUEST if one is missing, malformed, or readable by others
   */
  public static Credentials load(Security security) {
    return new Credentials(
        security.apiKeys().map(Credentials::readApiKeys).orElse(List.of()),
        security.clusterSecret().map(Credentials::readSecrets).orElse(List.of()));
  }

  /** Whether clients must show an API key. */
  public boolean requiresApiKey() {
    return !apiKeys.isEmpty();
  }

  /** Whether nodes must show the cluster secret. */
  public boolean requiresClusterSecret() {
    return !secrets.isEmpty();
  }

  /**
   * The tenant that a client's {@code Authorization: Bearer KEY} speaks for; empty: refuse. Takes
   * as long for a wrong key as for a right one.
   */
  public Optional<String> tenant(@Nullable String authorizationHeader) {
    if (!requiresApiKey()) {
      return Optional.of(RequestContext.DEFAULT_TENANT);
    }
    if (authorizationHeader == null
        || !authorizationHeader.regionMatches(true, 0, "Bearer ", 0, 7)) {
      return Optional.empty();
    }
    byte[] presented = digest(authorizationHeader.substring(7).strip());
    String tenant = null;
    for (Accepted accepted : apiKeys) {
      if (MessageDigest.isEqual(accepted.digest(), presented)) {
        tenant = accepted.tenant();
      }
    }
    return Optional.ofNullable(tenant);
  }

  /** Whether clients may be served at {@code address}: loopback, or API keys are there. */
  public boolean allowsBind(HostPort address) {
    return address.loopback() || requiresApiKey();
  }

  /** Whether nodes may be served at {@code address}: loopback, or a cluster secret is there. */
  public boolean allowsInternalBind(HostPort address) {
    return address.loopback() || requiresClusterSecret();
  }

  /**
   * @throws HeddleException INVALID_REQUEST where clients may not be served at {@code address}
   */
  public void checkBind(HostPort address) {
    if (!allowsBind(address)) {
      throw refusedBind(address, "api-keys");
    }
  }

  /**
   * @throws HeddleException INVALID_REQUEST where nodes may not be served at {@code address}
   */
  public void checkInternalBind(HostPort address) {
    if (!allowsInternalBind(address)) {
      throw refusedBind(address, "cluster-secret");
    }
  }

  /** What nodes show to each other, {@code id:secret}: the first is this node's own. */
  public List<String> clusterSecrets() {
    return List.copyOf(secrets);
  }

  /** What this node shows to others: {@code id:secret}. */
  Optional<String> clusterSecret() {
    return secrets.stream().findFirst();
  }

  /** Whether a caller is a node of this cluster; nobody can prove it where no secret is set. */
  boolean isNode(@Nullable String presented) {
    if (presented == null) {
      return false;
    }
    byte[] shown = digest(presented);
    boolean matches = false;
    for (String secret : secrets) {
      matches |= MessageDigest.isEqual(digest(secret), shown);
    }
    return matches;
  }

  /**
   * Whether a caller at a public door may name what only nodes name, such as a session: it has
   * shown the cluster's secret, or there are no credentials at all and everybody is on this
   * machine.
   */
  boolean trustsAsNode(@Nullable String presented) {
    return requiresClusterSecret() ? isNode(presented) : !requiresApiKey();
  }

  private static HeddleException refusedBind(HostPort address, String setting) {
    return new HeddleException(
        ErrorCode.INVALID_REQUEST,
        "bind: "
            + address
            + " (expected: a loopback address, or credentials: security."
            + setting
            + ")");
  }

  private static List<Accepted> readApiKeys(Path file) {
    checkPrivate(file);
    List<ApiKey> keys = ConfigReader.readYaml(file, new ApiKeysFile(List.of())).keys();
    if (keys.isEmpty() || keys.size() > MOST_KEYS) {
      throw invalid(file, "keys: " + keys.size() + " (expected: 1.." + MOST_KEYS + ")");
    }
    Set<String> ids = new HashSet<>();
    Set<String> seen = new HashSet<>();
    List<Accepted> accepted = new ArrayList<>();
    for (ApiKey key : keys) {
      if (!ids.add(key.id()) || !seen.add(key.key())) {
        throw invalid(file, "id: " + key.id() + " (expected: ids and keys that stand only once)");
      }
      accepted.add(new Accepted(digest(key.key()), key.tenant()));
    }
    return Collections.unmodifiableList(accepted);
  }

  private static List<String> readSecrets(Path file) {
    checkPrivate(file);
    List<String> secrets = new ArrayList<>();
    try {
      for (String line : Files.readAllLines(file)) {
        String secret = line.strip();
        if (!secret.isEmpty() && !secret.startsWith("#")) {
          int colon = secret.indexOf(':');
          String id = colon < 0 ? "" : secret.substring(0, colon);
          check("secret id", id, ID, "lines of id:secret");
          checkSecret("secret", id, secret.substring(colon + 1));
          secrets.add(secret);
        }
      }
    } catch (IOException e) {
      throw new HeddleException(
          ErrorCode.INVALID_REQUEST, "credentials: " + file + " (expected: a readable file)", e);
    } catch (HeddleException e) {
      throw invalid(file, String.valueOf(e.getMessage()));
    }
    if (secrets.isEmpty() || secrets.size() > MOST_SECRETS) {
      throw invalid(file, "secrets: " + secrets.size() + " (expected: 1.." + MOST_SECRETS + ")");
    }
    return List.copyOf(secrets);
  }

  private static void checkPrivate(Path file) {
    try {
      if (!Files.isRegularFile(file) || Files.size(file) > LARGEST_FILE) {
        throw invalid(file, "no such file, or larger than 1MiB");
      }
      if (Files.getFileStore(file).supportsFileAttributeView("posix")
          && !OWNER_ONLY.containsAll(Files.getPosixFilePermissions(file))) {
        throw invalid(file, "readable or writable by others (expected: mode 0600)");
      }
    } catch (IOException e) {
      throw new HeddleException(
          ErrorCode.INVALID_REQUEST, "credentials: " + file + " (expected: a readable file)", e);
    }
  }

  private static void checkSecret(String what, String id, String secret) {
    if (!SECRET.matcher(secret).matches()) {
      throw new HeddleException(
          ErrorCode.INVALID_REQUEST,
          what + " of " + id + ": not shown (expected: 16..256 visible ASCII characters)");
    }
  }

  private static void check(String what, String value, Pattern form, String expected) {
    if (!form.matcher(value).matches()) {
      throw new HeddleException(
          ErrorCode.INVALID_REQUEST, what + ": " + value + " (expected: " + expected + ")");
    }
  }

  private static HeddleException invalid(Path file, String problem) {
    return new HeddleException(ErrorCode.INVALID_REQUEST, "credentials " + file + ": " + problem);
  }

  private static byte[] digest(String text) {
    try {
      return MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("SHA-256 is part of every JDK", e);
    }
  }
}
