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
    Map<String, List<Target>> aliases) {
  public FunctionInfo {
    versions = List.copyOf(versions);
    aliases = Map.copyOf(aliases);
  }

  /**
   * One immutable version.
   *
   * @param createdAt in ISO-8601 UTC
   * @param compiledBytes 0 where nothing was compiled
   * @param concurrency 0: no limit of its own
   * @param event {@code json} or {@code http}
   * @param environment names only
   */
  public record Version(
      String version,
      String createdAt,
      String runtime,
      String entry,
      long codeBytes,
      long compiledBytes,
      String timeout,
      String memory,
      int concurrency,
      String event,
      List<String> environment,
      List<String> origins,
      String description) {}

  /** A version that an alias names, and its share of the calls. */
  public record Target(String version, int weight) {}
}
