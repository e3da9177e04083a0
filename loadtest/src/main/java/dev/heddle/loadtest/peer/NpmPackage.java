package dev.heddle.loadtest.peer;

import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/** Packages of npm, each in a folder of its own that later runs find again. */
final class NpmPackage {
  private static final Duration FETCH = Duration.ofMinutes(3);

  private NpmPackage() {}

  /**
   * Fetches a package. No script of it is run. Whether it came shows in what there is then.
   *
   * @param folder of this package and version
   * @param log takes what npm says
   * @throws IOException if npm cannot be started
   */
  static void fetch(String name, String version, Path folder, Path log)
      throws IOException, InterruptedException {
    Files.createDirectories(folder);
    var fetch =
        new ProcessBuilder(
                "npm",
                "install",
                "--prefix",
                folder.toString(),
                "--no-audit",
                "--no-fund",
                "--ignore-scripts",
                name + "@" + version)
            .directory(folder.toFile())
            .redirectErrorStream(true)
            .redirectOutput(Redirect.to(log.toFile()))
            .start();
    if (!fetch.waitFor(FETCH.toNanos(), TimeUnit.NANOSECONDS)) {
      var _ = fetch.destroyForcibly();
    }
  }
}
