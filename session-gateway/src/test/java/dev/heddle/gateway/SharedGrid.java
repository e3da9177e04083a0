package dev.heddle.gateway;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;

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
    return GatewaySettings.of(config)
        .grid(members, joinTimeout)
        .sessionKeys(keys)
        .secureCookie(secure)
        // A slow machine is no reason to believe what nobody has said.
        .patience(Duration.ofMinutes(1))
        .config();
  }
}
