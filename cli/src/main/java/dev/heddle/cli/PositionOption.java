package dev.heddle.cli;

import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** What earlier calls wrote or saw. */
final class PositionOption {
  @Option(
      names = "--position",
      paramLabel = "TOKEN",
      description = "Position token of earlier calls; the one that comes back holds it, too.")
  private @Nullable String position;

  Optional<String> token() {
    return Optional.ofNullable(position);
  }
}
