package dev.heddle.catalog;

import dev.heddle.process.DataSize;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Pattern;

/**
 * One immutable version of a function.
 *
 * @param digest names the version: SHA-256 over manifest and code, in hex
 * @param blob SHA-256 of the code, in hex: its name in the blob stores
 * @param runtime what runs it, such as {@code java}
 * @param entry what to run in the code, for java a class name; may be empty where the runtime has a
 *     convention
 * @param manifestYaml heddle.yaml as its author wrote it, up to 64 KiB
 * @param compiled SHA-256 of what the deploy compiled, in hex; empty: nothing
 * @param compiledBytes 0 where nothing was compiled
 * @param timeout of one invocation
 * @param memory cap of one sandbox
 * @param environment sorted by name; names of A-Z, 0-9 and _, at most 64 of them and 4 KiB in all
 * @param concurrency invocations at once on one leaf; 0: no limit of its own
 * @param event what it gets when called over HTTP
 * @param origins that browsers may call it from, such as {@code https://example.com}, or {@code *}
 *     alone
 */
public record FunctionVersion(
    String digest,
    String blob,
    String runtime,
    String entry,
    String manifestYaml,
    long codeBytes,
    Optional<String> compiled,
    long compiledBytes,
    Duration timeout,
    DataSize memory,
    Map<String, String> environment,
    int concurrency,
    EventShape event,
    List<String> origins,
    String description,
    Instant createdAt) {
  /** Names in an environment. */
  public static final int MOST_VARIABLES = 64;

  /** Names and values of an environment, in bytes of UTF-8. */
  public static final int LARGEST_ENVIRONMENT = 4 << 10;

  /** Of {@link #concurrency}. */
  public static final int MOST_CONCURRENCY = 1_000;

  /** Origins of one function. */
  public static final int MOST_ORIGINS = 32;

  private static final Pattern SHA_256 = Pattern.compile("[0-9a-f]{64}");
  private static final Pattern VARIABLE = Pattern.compile("[A-Z_][A-Z0-9_]*");
  private static final Pattern ORIGIN =
      Pattern.compile("https?://(\\[[0-9a-f:.]+]|[a-z0-9.-]+)(:\\d{1,5})?");
  private static final int LONGEST_MANIFEST = 64 << 10;
  private static final int LONGEST_ENTRY = 500;
  private static final int LONGEST_ORIGIN = 200;

  public FunctionVersion {
    environment = Collections.unmodifiableMap(new TreeMap<>(environment));
    origins = List.copyOf(origins);
    checkDigest("version", digest);
    checkDigest("blob", blob);
    compiled.ifPresent(name -> checkDigest("compiled", name));
    CatalogKeys.checkName("runtime", runtime);
    if (entry.length() > LONGEST_ENTRY) {
      throw invalid("entry: " + entry + " (expected: up to " + LONGEST_ENTRY + " characters)");
    }
    if (manifestYaml.length() > LONGEST_MANIFEST) {
      throw invalid("manifest: " + manifestYaml.length() + " characters (expected: <= 65536)");
    }
    if (codeBytes < 0 || compiledBytes < 0) {
      throw invalid(
          "codeBytes, compiledBytes: " + codeBytes + ", " + compiledBytes + " (expected: >= 0)");
    }
    if (!timeout.isPositive()) {
      throw invalid("timeout: " + timeout + " (expected: > 0)");
    }
    if (memory.bytes() <= 0) {
      throw invalid("memory: " + memory + " (expected: > 0)");
    }
    if (concurrency < 0 || concurrency > MOST_CONCURRENCY) {
      throw invalid("concurrency: " + concurrency + " (expected: 0.." + MOST_CONCURRENCY + ")");
    }
    checkEnvironment(environment);
    checkOrigins(origins);
  }

  /** Throws INVALID_FUNCTION for an environment that no function may have. */
  public static void checkEnvironment(Map<String, String> environment) {
    if (environment.size() > MOST_VARIABLES) {
      throw invalid("environment: " + environment.size() + " names (expected: at most 64)");
    }
    long bytes = 0;
    for (var variable : environment.entrySet()) {
      if (!VARIABLE.matcher(variable.getKey()).matches()) {
        throw invalid("environment: " + variable.getKey() + " (expected: names of A-Z, 0-9 and _)");
      }
      bytes += variable.getKey().getBytes(StandardCharsets.UTF_8).length;
      bytes += variable.getValue().getBytes(StandardCharsets.UTF_8).length;
    }
    if (bytes > LARGEST_ENVIRONMENT) {
      throw invalid("environment: " + bytes + " bytes (expected: at most 4KiB)");
    }
  }

  /** Throws INVALID_FUNCTION for what browsers would never send as an origin. */
  public static void checkOrigins(List<String> origins) {
    if (origins.size() > MOST_ORIGINS) {
      throw invalid("origins: " + origins.size() + " (expected: at most " + MOST_ORIGINS + ")");
    }
    for (var origin : origins) {
      boolean any = origin.equals("*") && origins.size() == 1;
      if (!any && (origin.length() > LONGEST_ORIGIN || !ORIGIN.matcher(origin).matches())) {
        throw invalid(
            "origins: " + origin + " (expected: origins such as https://example.com, or * alone)");
      }
    }
  }

  private static void checkDigest(String what, String digest) {
    if (!SHA_256.matcher(digest).matches()) {
      throw invalid(what + ": " + digest + " (expected: 64 lower-case hex digits)");
    }
  }

  private static HeddleException invalid(String message) {
    return new HeddleException(ErrorCode.INVALID_FUNCTION, message);
  }
}
