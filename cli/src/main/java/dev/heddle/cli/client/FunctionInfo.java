package dev.heddle.cli.client;

import java.util.List;
import java.util.Map;

/**
 * A deployed function, as a cluster describes it.
 *
 * @param version what {@code latest} names, a content digest in hex
 * @param kind {@code handler} or {@code scatter}
 * @param versions oldest first
 */
public record FunctionInfo(
    String name,
    String version,
    String kind,
    String runtime,
    List<Version> versions,
    Map<String, String> aliases) {
  public FunctionInfo {
    versions = List.copyOf(versions);
    aliases = Map.copyOf(aliases);
  }

  /** One immutable version; {@code createdAt} in ISO-8601 UTC. */
  public record Version(String version, String createdAt, long codeBytes, String entry) {}
}
