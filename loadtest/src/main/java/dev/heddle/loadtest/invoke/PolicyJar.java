package dev.heddle.loadtest.invoke;

import dev.heddle.loadtest.peer.PeerSource;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;

/**
 * A scheduling policy as an operator writes one, in a jar that nodes are told of: of two leaves at
 * random, the one with less to do (Mitzenmacher, <em>The Power of Two Choices in Randomized Load
 * Balancing</em>, IEEE TPDS 12, 2001).
 */
final class PolicyJar {
  /** What a config calls it by. */
  static final String POLICY = "two-choices";

  private static final String SERVICE = "dev.heddle.coordinator.plan.SchedulingPolicy$Factory";
  private static final PeerSource SOURCE =
      new PeerSource(
          "TwoChoices",
          """
          import dev.heddle.coordinator.plan.SchedulingPolicy;

          public final class TwoChoices implements SchedulingPolicy.Factory {
            @Override
            public String name() {
              return "two-choices";
            }

            @Override
            public SchedulingPolicy create() {
              return (candidates, random) -> {
                int one = random.nextInt(candidates.size());
                int other = random.nextInt(candidates.size());
                return candidates.load(one) <= candidates.load(other) ? one : other;
              };
            }
          }
          """);

  private PolicyJar() {}

  /**
   * Compiles it and packs it.
   *
   * @param folder empty or not there
   * @throws HeddleException UNAVAILABLE if this Java has no compiler
   */
  static Path in(Path folder) {
    List<Path> classPath =
        Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
            .map(Path::of)
            .toList();
    var classes = SOURCE.compile(classPath, folder.resolve("classes"));
    var jar = folder.resolve("policies.jar");
    try (var out = new JarOutputStream(Files.newOutputStream(jar))) {
      put(out, "META-INF/services/" + SERVICE, SOURCE.name().getBytes(StandardCharsets.UTF_8));
      var name = SOURCE.name() + ".class";
      put(out, name, Files.readAllBytes(classes.resolve(name)));
      return jar;
    } catch (IOException e) {
      throw new HeddleException(ErrorCode.STORAGE_FAILED, jar + ": " + e, e);
    }
  }

  private static void put(JarOutputStream out, String name, byte[] content) throws IOException {
    out.putNextEntry(new JarEntry(name));
    out.write(content);
    out.closeEntry();
  }
}
