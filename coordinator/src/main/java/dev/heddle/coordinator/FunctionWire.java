package dev.heddle.coordinator;

import dev.heddle.catalog.FunctionAlias;
import dev.heddle.catalog.FunctionKind;
import dev.heddle.catalog.FunctionRecord;
import dev.heddle.catalog.FunctionVersion;
import dev.heddle.v1.Function;
import dev.heddle.v1.WeightedVersion;
import java.util.List;
import java.util.Locale;

/** Functions as messages. */
final class FunctionWire {
  private FunctionWire() {}

  static Function message(FunctionRecord record) {
    var latest = record.latest();
    var message =
        Function.newBuilder()
            .setName(record.name())
            .setVersion(latest.digest())
            .setKind(
                record.kind() == FunctionKind.HANDLER
                    ? dev.heddle.v1.FunctionKind.FUNCTION_KIND_HANDLER
                    : dev.heddle.v1.FunctionKind.FUNCTION_KIND_SCATTER)
            .setRuntime(latest.runtime());
    record.versions().forEach(version -> message.addVersions(message(version)));
    record.aliases().forEach((name, alias) -> message.addAliases(message(name, alias)));
    return message.build();
  }

  private static Function.Version message(FunctionVersion version) {
    return Function.Version.newBuilder()
        .setVersion(version.digest())
        .setCreatedAt(version.createdAt().toString())
        .setCodeBytes(version.codeBytes())
        .setCompiledBytes(version.compiledBytes())
        .setEntry(version.entry())
        .setRuntime(version.runtime())
        .setTimeoutNanos(version.timeout().toNanos())
        .setMemoryBytes(version.memory().bytes())
        .setConcurrency(version.concurrency())
        .setDescription(version.description())
        .setEvent(version.event().name().toLowerCase(Locale.ROOT))
        .addAllEnvironmentNames(version.environment().keySet())
        .addAllOrigins(version.origins())
        .build();
  }

  private static dev.heddle.v1.FunctionAlias message(String name, FunctionAlias alias) {
    var message = dev.heddle.v1.FunctionAlias.newBuilder().setName(name);
    for (var target : alias.targets()) {
      message.addVersions(
          WeightedVersion.newBuilder().setVersion(target.version()).setWeight(target.weight()));
    }
    return message.build();
  }

  /** The versions as they were spoken of; a weight of 0 is one that was not given. */
  static List<FunctionAlias.Weighted> targets(dev.heddle.v1.FunctionAlias message) {
    return message.getVersionsList().stream()
        .map(target ->
            new FunctionAlias.Weighted(
                target.getVersion(), target.getWeight() == 0 ? 1 : target.getWeight()))
        .toList();
  }
}
