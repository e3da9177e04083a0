package dev.heddle.cli.client;

import dev.heddle.json.FunctionJsonWire;
import dev.heddle.process.DataSize;
import dev.heddle.process.DurationFormat;
import dev.heddle.v1.Function;
import dev.heddle.v1.FunctionAlias;
import dev.heddle.v1.WeightedVersion;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Functions from their messages. */
final class FunctionWire {
  private FunctionWire() {}

  static FunctionInfo info(Function function) {
    Map<String, List<FunctionInfo.Target>> aliases = new TreeMap<>();
    for (FunctionAlias alias : function.getAliasesList()) {
      aliases.put(
          alias.getName(),
          alias.getVersionsList().stream()
              .map(target -> new FunctionInfo.Target(target.getVersion(), target.getWeight()))
              .toList());
    }
    return new FunctionInfo(
        function.getName(),
        function.getVersion(),
        FunctionJsonWire.kind(function.getKind()),
        function.getRuntime(),
        function.getVersionsList().stream().map(FunctionWire::version).toList(),
        aliases);
  }

  private static FunctionInfo.Version version(Function.Version version) {
    return new FunctionInfo.Version(
        version.getVersion(),
        version.getCreatedAt(),
        version.getRuntime(),
        version.getEntry(),
        version.getCodeBytes(),
        version.getCompiledBytes(),
        DurationFormat.format(Duration.ofNanos(version.getTimeoutNanos())),
        new DataSize(version.getMemoryBytes()).toString(),
        version.getConcurrency(),
        version.getEvent(),
        List.copyOf(version.getEnvironmentNamesList()),
        List.copyOf(version.getOriginsList()),
        version.getDescription());
  }

  static FunctionAlias alias(String name, List<FunctionInfo.Target> targets) {
    var alias = FunctionAlias.newBuilder().setName(name);
    for (FunctionInfo.Target target : targets) {
      alias.addVersions(
          WeightedVersion.newBuilder().setVersion(target.version()).setWeight(target.weight()));
    }
    return alias.build();
  }
}
