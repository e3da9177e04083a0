package dev.heddle.cli.chaos;

import dev.heddle.cli.testing.NodeArchive;
import dev.heddle.loadtest.chaos.JavaCommand;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Starts nodes from the classes under test. */
final class NodeJava {
  private static final Path CHECKOUT = Path.of("..").toAbsolutePath().normalize();

  private static final List<String> FLAGS =
      List.of(
          "@" + CHECKOUT.resolve("etc/jvm.flags"),
          "-Dheddle.home=" + CHECKOUT,
          "-Xmx320m",
          "-XX:+UseSerialGC",
          // They live for seconds: to be up soon counts, not to be fast later.
          "-XX:TieredStopAtLevel=1");

  private NodeJava() {}

  static JavaCommand command() {
    return Holder.COMMAND;
  }

  /** Made when the first test wants it. */
  private static final class Holder {
    static final JavaCommand COMMAND = make();

    private static JavaCommand make() {
      var archive = NodeArchive.of(FLAGS);
      List<String> line = new ArrayList<>();
      line.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
      line.addAll(FLAGS);
      line.addAll(archive.flags());
      line.add("dev.heddle.cli.Main");
      return new JavaCommand(line, Map.of("CLASSPATH", archive.classPath()));
    }
  }
}
