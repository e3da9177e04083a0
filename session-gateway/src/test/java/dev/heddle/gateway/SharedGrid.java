package dev.heddle.gateway;

import dev.heddle.gateway.session.GridConfig;
import dev.heddle.gateway.session.SessionConfig;
import dev.heddle.process.HostPort;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * What gateways have in common that share one grid.
 *
 * @param keys the file of their session keys
 * @param secure whether cookies are for HTTPS only
 */
public record SharedGrid(Path keys, Duration joinTimeout, boolean secure) {
  /** A file that only its owner may read. */
  public static Path secret(Path file, String content) throws IOException {
    var ownerOnly = PosixFilePermissions.fromString("rw-------");
    Files.createFile(file, PosixFilePermissions.asFileAttribute(ownerOnly));
    return Files.writeString(file, content);
  }

  /**
   * The settings of one of them.
   *
   * @param config all other settings
   * @param members of the grid that it looks for
   */
  public GatewayConfig settings(GatewayConfig config, List<String> members) {
    var session = config.session();
    return new GatewayConfig(
        config.http(),
        config.pages(),
        new GridConfig(new HostPort("127.0.0.1", 0), members, joinTimeout),
        new SessionConfig(
            Optional.of(keys),
            session.idleTimeout(),
            session.maxAge(),
            session.maxAttributes(),
            session.maxNameLength(),
            session.maxValue(),
            session.maxTotal(),
            secure),
        config.limits(),
        config.webSocket(),
        config.services(),
        config.resume(),
        config.deadlines(),
        config.allowedOrigins(),
        config.allowedHosts());
  }
}
