package dev.heddle.coordinator;

import dev.heddle.catalog.CatalogClient;
import dev.heddle.catalog.CatalogKeys;
import dev.heddle.catalog.Change;
import dev.heddle.catalog.FunctionAlias;
import dev.heddle.catalog.FunctionKind;
import dev.heddle.catalog.FunctionRecord;
import dev.heddle.catalog.FunctionVersion;
import dev.heddle.coordinator.admission.Admission;
import dev.heddle.engine.Archive;
import dev.heddle.engine.CheckedCode;
import dev.heddle.engine.Code;
import dev.heddle.engine.Digests;
import dev.heddle.engine.Engine;
import dev.heddle.engine.Manifest;
import dev.heddle.engine.PeerBlobsGrpcClient;
import dev.heddle.process.DataSize;
import dev.heddle.process.Deadline;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Function;
import java.util.function.UnaryOperator;

/**
 * Deploys, finds, changes and deletes functions. Code, and what was compiled from it, is on the
 * leaves before the catalog names it, and the catalog names it before a deploy returns; what runs
 * already stays with its version. Safe for many threads and coordinators.
 */
final class FunctionRegistry {
  private static final int ATTEMPTS = 5;

  private final CoordinatorConfig config;
  private final CatalogClient catalog;
  private final PeerBlobsGrpcClient blobs;
  private final Engine engine;
  private final FunctionNames names;
  private final Clock clock;
  private final Admission deploys;

  /**
   * @param engine checks and compiles
   */
  FunctionRegistry(
      CoordinatorConfig config,
      CatalogClient catalog,
      PeerBlobsGrpcClient blobs,
      Engine engine,
      FunctionNames names,
      Clock clock) {
    this.config = config;
    this.catalog = catalog;
    this.blobs = blobs;
    this.engine = engine;
    this.names = names;
    this.clock = clock;
    this.deploys = new Admission("deploys", config.deploys());
  }

  FunctionRecord find(String tenant, String name) {
    return catalog.known().function(tenant, name).orElseThrow(() -> unknown(name));
  }

  private static HeddleException unknown(String name) {
    return new HeddleException(
        ErrorCode.UNKNOWN_FUNCTION, "function: " + name + " (expected: a deployed function)");
  }

  List<FunctionRecord> list(String tenant) {
    return catalog.known().functions(tenant);
  }

  /**
   * What is to be deployed.
   *
   * @param name what the manifest has to say; empty: whatever it says
   * @param manifestYaml empty: the code is an archive that holds it
   */
  record Deploy(String name, String manifestYaml, byte[] code) {}

  /**
   * Checks the code, compiles it where its runtime does, spreads both, and makes it the latest
   * version. Deploying the same again changes nothing but what {@code latest} names.
   */
  FunctionRecord deploy(String tenant, Deploy deploy, Deadline deadline)
      throws InterruptedException {
    if (deploy.code().length > config.maxCode().bytes()) {
      throw new HeddleException(
          ErrorCode.TOO_LARGE,
          "code: "
              + new DataSize(deploy.code().length)
              + " (expected: at most "
              + config.maxCode()
              + ")");
    }
    try (var _ = deploys.admit()) {
      var code = code(deploy);
      String yaml = code.manifest().orElse(deploy.manifestYaml());
      var manifest = Manifest.parse(yaml);
      checkName(manifest.name(), deploy.name());
      var checked = engine.check(tenant, code, manifest);
      var version = version(manifest, yaml, code, checked);
      Function<Optional<FunctionRecord>, FunctionRecord> deployed =
          before -> {
            var record = with(before, tenant, manifest.name(), checked.kind(), version);
            CodeQuota.require(catalog.known().functions(tenant), record, config.tenantCode());
            return record;
          };
      // Before anything is stored, and again with what others deployed meanwhile.
      var _ = deployed.apply(catalog.known().function(tenant, manifest.name()));
      var _ = blobs.spread(version.blob(), code.bytes());
      if (checked.compiled().isPresent()) {
        var _ = blobs.spread(version.compiled().orElseThrow(), checked.compiled().get());
      }
      return change(tenant, manifest.name(), deadline, deployed);
    }
  }

  private Code code(Deploy deploy) {
    if (!deploy.manifestYaml().isEmpty()) {
      return new Code(deploy.code(), Map.of(Code.SINGLE, deploy.code()));
    }
    var code = Archive.read(deploy.code(), config.engine().archive());
    if (code.manifest().isEmpty()) {
      throw new HeddleException(
          ErrorCode.INVALID_FUNCTION,
          "code: a single file without a manifest (expected: an archive with heddle.yaml in its"
              + " root, or a manifest beside the file)");
    }
    return code;
  }

  private void checkName(String name, String wanted) {
    if (names.reserved(name)) {
      throw new HeddleException(
          ErrorCode.INVALID_FUNCTION, "name: " + name + " is built in (expected: another name)");
    }
    if (!wanted.isEmpty() && !wanted.equals(name)) {
      throw new HeddleException(
          ErrorCode.INVALID_FUNCTION,
          "name: " + name + " (expected: " + wanted + ", as asked for)");
    }
  }

  private FunctionVersion version(Manifest manifest, String yaml, Code code, CheckedCode checked) {
    return new FunctionVersion(
        manifest.version(code.bytes()),
        Digests.of(code.bytes()),
        manifest.runtime(),
        manifest.entry(),
        yaml,
        code.bytes().length,
        checked.compiled().map(Digests::of),
        checked.compiled().map(bytes -> (long) bytes.length).orElse(0L),
        manifest.timeout(),
        manifest.memory(),
        manifest.environment(),
        manifest.concurrency(),
        manifest.event(),
        manifest.origins(),
        manifest.description(),
        clock.instant());
  }

  private static FunctionRecord with(
      Optional<FunctionRecord> before,
      String tenant,
      String name,
      FunctionKind kind,
      FunctionVersion version) {
    if (before.isEmpty()) {
      return new FunctionRecord(
          tenant,
          name,
          kind,
          List.of(version),
          Map.of(FunctionRecord.LATEST, FunctionAlias.to(version.digest())));
    }
    if (before.get().kind() != kind) {
      throw new HeddleException(
          ErrorCode.INVALID_FUNCTION,
          "kind of "
              + name
              + ": "
              + kind
              + " (expected: "
              + before.get().kind()
              + ", as its earlier versions; delete the function to change it)");
    }
    return before.get().withVersion(version);
  }

  /**
   * Makes or moves an alias.
   *
   * @param versions by digest, by at least 8 digits of it, or by another alias of one version; with
   *     their weights
   */
  FunctionRecord alias(
      String tenant,
      String name,
      String alias,
      List<FunctionAlias.Weighted> versions,
      Deadline deadline)
      throws InterruptedException {
    return changeExisting(
        tenant,
        name,
        deadline,
        record -> {
          List<FunctionAlias.Weighted> targets = new ArrayList<>();
          for (var spoken : versions) {
            targets.add(
                new FunctionAlias.Weighted(digest(record, spoken.version()), spoken.weight()));
          }
          return record.withAlias(alias, new FunctionAlias(targets));
        });
  }

  private static String digest(FunctionRecord record, String spoken) {
    return record
        .find(spoken)
        .map(FunctionVersion::digest)
        .orElseThrow(() ->
            new HeddleException(
                ErrorCode.NOT_FOUND,
                "version of "
                    + record.name()
                    + ": "
                    + spoken
                    + " (expected: a kept version by digest, by 8 digits or more of it, or an alias"
                    + " of one)"));
  }

  FunctionRecord deleteAlias(String tenant, String name, String alias, Deadline deadline)
      throws InterruptedException {
    return changeExisting(tenant, name, deadline, record -> record.withoutAlias(alias));
  }

  /**
   * Moves {@code latest} back.
   *
   * @param version as in {@link #alias}; empty: the one that was deployed before
   */
  FunctionRecord rollback(String tenant, String name, Optional<String> version, Deadline deadline)
      throws InterruptedException {
    return changeExisting(tenant, name, deadline, record -> record.rollback(version));
  }

  private FunctionRecord changeExisting(
      String tenant, String name, Deadline deadline, UnaryOperator<FunctionRecord> change)
      throws InterruptedException {
    return change(
        tenant, name, deadline, before -> change.apply(before.orElseThrow(() -> unknown(name))));
  }

  /** Changes the entry unless someone else did meanwhile; then once more from what that left. */
  private FunctionRecord change(
      String tenant,
      String name,
      Deadline deadline,
      Function<Optional<FunctionRecord>, FunctionRecord> change)
      throws InterruptedException {
    for (int attempt = 1; ; attempt++) {
      var view = catalog.known();
      var record = change.apply(view.function(tenant, name));
      long expected = view.revisionOf(CatalogKeys.function(tenant, name));
      try {
        long revision = catalog.write(List.of(new Change.Put(record, OptionalLong.of(expected))));
        var seen = catalog.awaitRevision(revision, deadline);
        return seen.function(tenant, name).orElse(record);
      } catch (HeddleException e) {
        if (e.code() != ErrorCode.REVISION_CONFLICT || attempt == ATTEMPTS) {
          throw e;
        }
        var later = catalog.awaitRevision(view.revision() + 1, deadline);
        assert later.revision() > view.revision();
      }
    }
  }

  void delete(String tenant, String name, Deadline deadline) throws InterruptedException {
    var _ = find(tenant, name);
    String key = CatalogKeys.function(tenant, name);
    long revision =
        catalog.write(
            List.of(new Change.Delete(key, OptionalLong.of(catalog.known().revisionOf(key)))));
    var _ = catalog.awaitRevision(revision, deadline);
  }
}
