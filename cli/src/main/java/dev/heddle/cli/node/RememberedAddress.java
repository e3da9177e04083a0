package dev.heddle.cli.node;

import dev.heddle.process.DurableFiles;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.HostPort;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Where a node replicates. The other members of its groups keep that address in their logs, so it
 * stays the same for as long as the data directory lives.
 */
public final class RememberedAddress {
  private static final String FILE = "replication";

  private RememberedAddress() {}

  /**
   * The configured address; with port 0, the port that was chosen at the first start.
   *
   * @throws HeddleException INVALID_REQUEST if it is another one than before
   */
  static HostPort of(HostPort configured, Path directory) {
    Optional<HostPort> before = in(directory);
    if (before.isEmpty()) {
      HostPort chosen = FreePort.ifAny(configured);
      try {
        DurableFiles.replace(
            directory.resolve(FILE), (chosen + "\n").getBytes(StandardCharsets.UTF_8));
      } catch (IOException e) {
        throw new HeddleException(
            ErrorCode.STORAGE_FAILED, directory.resolve(FILE) + ": not written: " + e, e);
      }
      return chosen;
    }
    HostPort known = before.get();
    boolean same =
        configured.host().equals(known.host())
            && (configured.port() == 0 || configured.port() == known.port());
    if (!same) {
      throw new HeddleException(
          ErrorCode.INVALID_REQUEST,
          "replication: "
              + configured
              + " (expected: "
              + known
              + ", under which the other nodes know the data in "
              + directory
              + ")");
    }
    return known;
  }

  /**
   * The address of the node whose data directory this is; empty before its first start.
   *
   * @throws HeddleException STORAGE_FAILED if what is there makes no sense
   */
  public static Optional<HostPort> in(Path directory) {
    Path file = directory.resolve(FILE);
    if (!Files.exists(file)) {
      return Optional.empty();
    }
    try {
      return Optional.of(HostPort.parse(Files.readString(file).strip()));
    } catch (IOException | IllegalArgumentException e) {
      throw new HeddleException(
          ErrorCode.STORAGE_FAILED, file + ": " + e.getMessage() + " (expected: host:port)", e);
    }
  }
}
