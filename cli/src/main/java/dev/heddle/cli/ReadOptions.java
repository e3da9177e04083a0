package dev.heddle.cli;

import dev.heddle.cli.client.ReadLevel;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** What a read has to see. */
final class ReadOptions {
  @Mixin private PositionOption position = new PositionOption();

  @Option(
      names = "--read",
      paramLabel = "LEVEL",
      description =
          "any: what a replica has; session: at least what --position names; linearizable: every"
              + " acknowledged write.")
  private @Nullable ReadLevel level;

  Optional<ReadLevel> level() {
    return Optional.ofNullable(level);
  }

  Optional<String> position() {
    return position.token();
  }
}
