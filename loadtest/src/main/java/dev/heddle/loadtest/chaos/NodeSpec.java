package dev.heddle.loadtest.chaos;

import dev.heddle.process.HostPort;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * A node of a cluster of processes.
 *
 * @param node its name
 * @param roles as {@code --roles} takes them
 * @param home its own folder, for config, log and data
 * @param data its data directory
 * @param internal where its internal services listen
 * @param replication where a leaf replicates
 * @param grpc where a coordinator's public services listen
 * @param config its config file's text
 * @param wrapper a command that runs the process, such as {@code ip netns exec NAME}; empty: none.
 *     It must become the process, not start it
 */
public record NodeSpec(
    String node,
    List<String> roles,
    Path home,
    Path data,
    HostPort internal,
    Optional<HostPort> replication,
    Optional<HostPort> grpc,
    String config,
    List<String> wrapper) {
  private static final Pattern HTTP = Pattern.compile("(?m)^\\s+http: \"?([^\\s\"]+)\"?$");

  public NodeSpec {
    roles = List.copyOf(roles);
    wrapper = List.copyOf(wrapper);
  }

  /** Where its gateway listens, if it has one. */
  Optional<HostPort> http() {
    var line = HTTP.matcher(config);
    return roles.contains("gateway") && line.find()
        ? Optional.of(HostPort.parse(line.group(1)))
        : Optional.empty();
  }

  public boolean leaf() {
    return replication.isPresent();
  }

  public NodeSpec withWrapper(List<String> other) {
    return new NodeSpec(node, roles, home, data, internal, replication, grpc, config, other);
  }

  Path configFile() {
    return home.resolve(node + ".yaml");
  }

  Path log() {
    return home.resolve(node + ".log");
  }

  /** Lines of the log, over all runs, with these words. */
  long logged(String words) {
    try (var lines = Files.lines(log())) {
      return lines.filter(line -> line.contains(words)).count();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
