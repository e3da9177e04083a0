package dev.heddle.catalog;

import dev.heddle.process.DataSize;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.time.Duration;
import java.time.Instant;
import java.util.regex.Pattern;

/**
 * One immutable version of a function.
 *
 * @param digest names the version: SHA-256 over manifest and code, in hex
 * @param blob SHA-256 of the code, in hex: its name in the blob stores
 * @param entry what to run in the code, for java a class name
 * @param manifestYaml heddle.yaml as its author wrote it, up to 64 KiB
 * @param timeout of one invocation
 * @param memory cap of one sandbox
 */
public record FunctionVersion(
    String digest,
    String blob,
    String entry,
    String manifestYaml,
    long codeBytes,
    Duration timeout,
    DataSize memory,
    Instant createdAt) {
  private static final Pattern SHA_256 = Pattern.compile("[0-9a-f]{64}");
  private static final int LONGEST_MANIFEST = 64 << 10;

  public FunctionVersion {
    checkDigest("version", digest);
    checkDigest("blob", blob);
    if (entry.isEmpty() || entry.length() > 500) {
      throw invalid("entry: " + entry + " (expected: 1..500 characters)");
    }
    if (manifestYaml.length() > LONGEST_MANIFEST) {
      throw invalid("manifest: " + manifestYaml.length() + " characters (expected: <= 65536)");
    }
    if (codeBytes < 0) {
      throw invalid("codeBytes: " + codeBytes + " (expected: >= 0)");
    }
    if (!timeout.isPositive()) {
      throw invalid("timeout: " + timeout + " (expected: > 0)");
    }
    if (memory.bytes() <= 0) {
      throw invalid("memory: " + memory + " (expected: > 0)");
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
