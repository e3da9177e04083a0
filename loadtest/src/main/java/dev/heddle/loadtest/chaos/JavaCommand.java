package dev.heddle.loadtest.chaos;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * How a process of the {@code heddle} command is started.
 *
 * @param line from the java program up to the main class, which comes last
 * @param environment added to that of this process
 */
public record JavaCommand(List<String> line, Map<String, String> environment) {
  public JavaCommand {
    line = List.copyOf(line);
    environment = Map.copyOf(environment);
  }

  /**
   * The Java and the class path of this process.
   *
   * @param flags of the JVM, the heap among them
   */
  public static JavaCommand ofThisProcess(List<String> flags, String mainClass) {
    var line = new ArrayList<String>();
    line.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    line.addAll(flags);
    line.add(mainClass);
    // In the environment: a hundred jars on each command line would hide what matters.
    return new JavaCommand(line, Map.of("CLASSPATH", System.getProperty("java.class.path")));
  }

  /** With more flags of the JVM. */
  public JavaCommand withFlags(String... flags) {
    var longer = new ArrayList<>(line);
    longer.addAll(line.size() - 1, List.of(flags));
    return new JavaCommand(longer, environment);
  }
}
