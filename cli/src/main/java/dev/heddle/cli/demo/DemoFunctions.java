package dev.heddle.cli.demo;

import dev.heddle.cli.client.ClusterGrpcClient;
import dev.heddle.cli.client.ClusterHttp;
import dev.heddle.cli.client.FunctionInfo;
import dev.heddle.cli.client.FunctionPackage;
import dev.heddle.cli.client.FunctionsGrpcClient;
import dev.heddle.cli.client.RemoteFailure;
import dev.heddle.cli.terminal.Console;
import dev.heddle.cli.terminal.Figures;
import dev.heddle.engine.Manifest;
import dev.heddle.process.DurableFiles;
import dev.heddle.process.ErrorCode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * Deploys the sample's functions and app, as anybody would. What was deployed from the same sources
 * before is left alone, so that a version that somebody put in its place stays.
 */
final class DemoFunctions {
  private final Path sample;
  private final String app;
  private final Path file;
  private final Console console;

  /**
   * @param sample its folder
   * @param app its name
   * @param file remembers the digests of what was deployed
   */
  DemoFunctions(Path sample, String app, Path file, Console console) {
    this.sample = sample;
    this.app = app;
    this.file = file;
    this.console = console;
  }

  void ensure(ClusterGrpcClient grpc, ClusterHttp http) throws IOException, InterruptedException {
    ObjectNode deployed = read();
    FunctionsGrpcClient functions = new FunctionsGrpcClient(grpc);
    for (Path folder : folders()) {
      String name = folder.getFileName().toString();
      if (!built(folder)) {
        console.note("heddle: left out " + name + ", which is not built (kits/build builds it)");
        continue;
      }
      String digest = Digest.of(folder);
      if (!known(deployed, name, digest) || functions.find(name).isEmpty()) {
        FunctionInfo function = functions.deploy(FunctionPackage.read(folder, console.err()));
        console.note(
            "heddle: deployed " + function.name() + " " + Figures.digest(function.version()));
        deployed.put(name, digest);
      }
    }
    Path yaml = sample.resolve("app/app.yaml");
    String digest = Digest.of(yaml);
    if (!known(deployed, "app " + app, digest) || !appThere(http)) {
      var _ = http.putYaml(Files.readString(yaml), "v1", "apps", app);
      console.note("heddle: deployed app " + app);
      deployed.put("app " + app, digest);
    }
    DurableFiles.replace(file, (deployed + "\n").getBytes(StandardCharsets.UTF_8));
  }

  private List<Path> folders() throws IOException {
    try (Stream<Path> folders = Files.list(sample.resolve("functions"))) {
      return folders.filter(f -> Files.exists(f.resolve("heddle.yaml"))).sorted().toList();
    }
  }

  /** Whether the code that the function's manifest names is there: some need a toolchain. */
  static boolean built(Path folder) throws IOException {
    String code = Manifest.parse(Files.readString(folder.resolve("heddle.yaml"))).code();
    return code.isEmpty() || Files.exists(folder.resolve(code));
  }

  private static boolean known(ObjectNode deployed, String name, String digest) {
    return deployed.path(name).asString("").equals(digest);
  }

  private boolean appThere(ClusterHttp http) throws InterruptedException {
    try {
      var _ = http.get("v1", "apps", app);
      return true;
    } catch (RemoteFailure e) {
      if (e.code() == ErrorCode.UNKNOWN_APP || e.code() == ErrorCode.NOT_FOUND) {
        return false;
      }
      throw e;
    }
  }

  /** A file that makes no sense only costs another deployment of the same versions. */
  private ObjectNode read() throws IOException {
    try {
      if (Files.exists(file)
          && JsonMapper.shared().readTree(Files.readString(file)) instanceof ObjectNode deployed) {
        return deployed;
      }
    } catch (JacksonException e) {
      console.note("heddle: " + file + " is damaged; deploying again");
    }
    return JsonMapper.shared().createObjectNode();
  }
}
