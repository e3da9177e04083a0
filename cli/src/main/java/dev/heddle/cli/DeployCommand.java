package dev.heddle.cli;

import dev.heddle.cli.client.ClusterGrpcClient;
import dev.heddle.cli.client.FunctionInfo;
import dev.heddle.cli.client.FunctionPackage;
import dev.heddle.cli.client.FunctionsGrpcClient;
import dev.heddle.cli.terminal.Console;
import dev.heddle.cli.terminal.Figures;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

@Command(
    name = "deploy",
    description = "Deploys a function; calls that run finish on the version they began with.",
    footer = {
      "",
      "A folder holds heddle.yaml and, for java, a jar or src/main/java, which is compiled against",
      "the function API alone; for wasm, a .wasm file that was built beforehand. A jar holds",
      "heddle.yaml at its root. Any other file is described by the options, which also take the",
      "place of what heddle.yaml says. The same input gives the same version.",
      "",
      "Examples:",
      "  heddle deploy sample-search/functions/related-topics",
      "  heddle deploy my-function --alias canary --memory 64MiB",
      "  heddle deploy greeter.wasm --name greeter --kind handler --env GREETING=Hello",
      "  heddle deploy target/my-function.jar --json"
    })
final class DeployCommand implements Callable<Integer> {
  private final Console console;

  @Mixin private ClusterOptions cluster = new ClusterOptions();
  @Mixin private FunctionOptions options = new FunctionOptions();

  @Parameters(index = "0", paramLabel = "DIR|FILE")
  private Path path = Path.of("");

  @Option(
      names = "--alias",
      paramLabel = "ALIAS",
      description = "Also let this alias name the new version.")
  private @Nullable String alias;

  @Option(names = "--json", description = "Print the function as JSON.")
  private boolean json;

  DeployCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() {
    FunctionPackage function = FunctionPackage.read(path, options.given(), console.err());
    try (ClusterGrpcClient connection = cluster.connect()) {
      FunctionsGrpcClient functions = new FunctionsGrpcClient(connection);
      Optional<String> before = function.name().flatMap(functions::find).map(FunctionInfo::version);
      FunctionInfo after = functions.deploy(function);
      if (alias != null) {
        var target = new FunctionInfo.Target(after.version(), 1);
        after = functions.alias(after.name(), alias, List.of(target));
      }
      if (json) {
        ObjectNode node = JsonMapper.shared().valueToTree(after);
        before.ifPresent(version -> node.put("before", version));
        console.json(node.put("changed", !before.equals(Optional.of(after.version()))));
      } else {
        console.line(text(before, after, function.code().length));
      }
    }
    return 0;
  }

  private static String text(Optional<String> before, FunctionInfo after, long codeBytes) {
    String version = Figures.digest(after.version());
    String head = after.name() + " " + version + "  ";
    if (before.isEmpty()) {
      return head + "new " + after.kind() + ", " + Figures.bytes(codeBytes);
    }
    if (before.get().equals(after.version())) {
      return head + "unchanged";
    }
    return head + "replaces " + Figures.digest(before.get()) + ", " + Figures.bytes(codeBytes);
  }
}
