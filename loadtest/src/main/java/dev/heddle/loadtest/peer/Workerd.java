package dev.heddle.loadtest.peer;

import dev.heddle.loadtest.chaos.FreePorts;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.Ticker;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** Cloudflare's workerd from npm, with one worker, on loopback. */
public final class Workerd {
  public static final String VERSION = "1.20261117.1";

  private Workerd() {}

  /**
   * Fetches what is not there, starts it, and waits until it listens.
   *
   * @param worker an ES module
   * @param packages keeps what npm fetches, for later runs
   * @param directory takes the config and the log
   * @throws HeddleException UNAVAILABLE if it cannot be had
   */
  public static ServerProcess start(
      String worker, Path packages, Path directory, FreePorts ports, Ticker ticker)
      throws InterruptedException {
    var at = ports.next("127.0.0.1");
    try {
      Files.createDirectories(directory);
      var program = program(packages, directory.resolve("npm.log"));
      Files.writeString(directory.resolve("worker.js"), worker);
      var text =
          """
          using Workerd = import "/workerd/workerd.capnp";
          const config :Workerd.Config = (
            services = [(name = "main", worker = .w)],
            sockets = [(name = "http", address = "%s", http = (), service = "main")]
          );
          const w :Workerd.Worker = (
            modules = [(name = "worker", esModule = embed "worker.js")],
            compatibilityDate = "2026-01-01"
          );
          """
              .formatted(at);
      var config = Files.writeString(directory.resolve("config.capnp"), text);
      var command = List.of(program.toString(), "serve", config.toString());
      var log = directory.resolve("workerd.log");
      return ServerProcess.start(
          new ServerProcess.Plan("workerd " + VERSION, command, Map.of(), log, at), ticker);
    } catch (IOException e) {
      throw new HeddleException(ErrorCode.UNAVAILABLE, "workerd: " + e, e);
    }
  }

  private static Path program(Path packages, Path log) throws IOException, InterruptedException {
    var arch =
        switch (System.getProperty("os.arch")) {
          case "amd64", "x86_64" -> "64";
          case "aarch64" -> "arm64";
          default -> throw unavailable("not made for " + System.getProperty("os.arch"));
        };
    var folder = packages.resolve("workerd-" + VERSION);
    var program = folder.resolve("node_modules/@cloudflare/workerd-linux-" + arch + "/bin/workerd");
    if (Files.isExecutable(program)) {
      return program;
    }
    NpmPackage.fetch("workerd", VERSION, folder, log);
    if (!Files.exists(program)) {
      throw unavailable("not fetched from npm, see " + log);
    }
    return program;
  }

  private static HeddleException unavailable(String why) {
    return new HeddleException(ErrorCode.UNAVAILABLE, "workerd " + VERSION + ": " + why);
  }
}
