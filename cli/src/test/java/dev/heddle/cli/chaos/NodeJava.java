package dev.heddle.cli.chaos;

import dev.heddle.loadtest.chaos.JavaCommand;
import java.nio.file.Path;
import java.util.List;

/** Starts nodes from the classes under test. */
final class NodeJava {
  private static final Path CHECKOUT = Path.of("..").toAbsolutePath().normalize();

  private NodeJava() {}

  static JavaCommand command() {
    return JavaCommand.ofThisProcess(
        List.of(
            "@" + CHECKOUT.resolve("etc/jvm.flags"),
            "-Dheddle.home=" + CHECKOUT,
            "-Xmx320m",
            "-XX:+UseSerialGC",
            // They live for seconds: to be up soon counts, not to be fast later.
            "-XX:TieredStopAtLevel=1"),
        "dev.heddle.cli.Main");
  }
}
