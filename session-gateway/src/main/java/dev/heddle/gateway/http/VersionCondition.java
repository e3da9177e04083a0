package dev.heddle.gateway.http;

import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * On which version of a document a write depends: {@code ifVersion}, or the same in a standard
 * header, {@code If-Match: "7"} or {@code If-None-Match: *}.
 *
 * @param version that the document must have; 0: it must not be there; empty: no matter
 * @param header whether a header said so: then the status of a refusal is that of HTTP's own
 *     preconditions
 */
record VersionCondition(OptionalLong version, boolean header) {
  private static final long MAX_VERSION = 999_999_999_999_999_999L;
  private static final int PRECONDITION_FAILED = 412;
  private static final Pattern TAG = Pattern.compile("\\s*\"([1-9][0-9]{0,17})\"\\s*");

  /**
   * Reads it.
   *
   * @throws HeddleException INVALID_REQUEST if it is malformed, or said twice
   */
  static VersionCondition of(Exchange exchange, QueryParameters query) {
    OptionalLong asked = query.integer("ifVersion", 0, MAX_VERSION);
    String match = exchange.header("If-Match");
    String noneMatch = exchange.header("If-None-Match");
    int said = (asked.isPresent() ? 1 : 0) + (match == null ? 0 : 1) + (noneMatch == null ? 0 : 1);
    if (said > 1) {
      throw new HeddleException(
          ErrorCode.INVALID_REQUEST,
          "condition: " + said + " (expected: one of ifVersion, If-Match, If-None-Match)");
    }
    if (match != null) {
      Matcher tag = TAG.matcher(match);
      if (!tag.matches()) {
        throw malformed("if-match: " + match, "the tag of one version, as in \"7\"");
      }
      return new VersionCondition(OptionalLong.of(Long.parseLong(tag.group(1))), true);
    }
    if (noneMatch != null) {
      if (!noneMatch.strip().equals("*")) {
        throw malformed("if-none-match: " + noneMatch, "*");
      }
      return new VersionCondition(OptionalLong.of(0), true);
    }
    return new VersionCondition(asked, false);
  }

  private static HeddleException malformed(String what, String expected) {
    return new HeddleException(ErrorCode.INVALID_REQUEST, what + " (expected: " + expected + ")");
  }

  /** The HTTP status of an error that the write met. */
  int status(HeddleException error) {
    return header && error.code() == ErrorCode.VERSION_CONFLICT
        ? PRECONDITION_FAILED
        : EdgeErrors.httpStatus(error.code());
  }

  /** The strong entity tag of a version. */
  static String tag(long version) {
    return "\"" + version + "\"";
  }

  /** Whether an If-None-Match of a read names the version: the client has it. */
  static boolean known(@Nullable String noneMatch, long version) {
    if (noneMatch == null) {
      return false;
    }
    for (String each : noneMatch.split(",")) {
      String tag = each.strip();
      if (tag.equals("*") || tag.equals(tag(version)) || tag.equals("W/" + tag(version))) {
        return true;
      }
    }
    return false;
  }
}
