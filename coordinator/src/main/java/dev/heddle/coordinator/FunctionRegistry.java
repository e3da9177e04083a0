package dev.heddle.coordinator;

import dev.heddle.catalog.CatalogClient;
import dev.heddle.catalog.CatalogKeys;
import dev.heddle.catalog.CatalogView;
import dev.heddle.catalog.Change;
import dev.heddle.catalog.FunctionKind;
import dev.heddle.catalog.FunctionRecord;
import dev.heddle.catalog.FunctionVersion;
import dev.heddle.engine.Digests;
import dev.heddle.engine.Engine;
import dev.heddle.engine.Manifest;
import dev.heddle.engine.PeerBlobsGrpcClient;
import dev.heddle.process.DataSize;
import dev.heddle.process.Deadline;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;

/**
 * Deploys, finds and deletes functions. Code is on the leaves before the catalog names it, and the
 * catalog names it before a deploy returns; what runs already stays with its version. Safe for many
 * threads and coordinators.
 */
final class FunctionRegistry {
  private static final int ATTEMPTS = 5;

  private final CoordinatorConfig config;
  private final CatalogClient catalog;
  private final PeerBlobsGrpcClient blobs;
  private final FunctionNames names;
  private final Clock clock;

  FunctionRegistry(
      CoordinatorConfig config,
      CatalogClient catalog,
      PeerBlobsGrpcClient blobs,
      FunctionNames names,
      Clock clock) {
    this.config = config;
    this.catalog = catalog;
    this.blobs = blobs;
    this.names = names;
    this.clock = clock;
  }

  FunctionRecord find(String tenant, String name) {
    return catalog
        .known()
        .function(tenant, name)
        .orElseThrow(() ->
            new HeddleException(
                ErrorCode.UNKNOWN_FUNCTION,
                "function: " + name + " (expected: a deployed function)"));
  }

  List<FunctionRecord> list(String tenant) {
    return catalog.known().functions(tenant);
  }

  /**
   * Checks the code, spreads it, and makes it the latest version. Deploying the same again changes
   * nothing.
   */
  FunctionRecord deploy(String tenant, String manifestYaml, byte[] code, Deadline deadline)
      throws InterruptedException {
    if (code.length > config.maxCode().bytes()) {
      throw new HeddleException(
          ErrorCode.TOO_LARGE,
          "code: " + new DataSize(code.length) + " (expected: at most " + config.maxCode() + ")");
    }
    var manifest = Manifest.parse(manifestYaml);
    if (names.reserved(manifest.name())) {
      throw new HeddleException(
          ErrorCode.INVALID_FUNCTION,
          "name: " + manifest.name() + " is built in (expected: another name)");
    }
    var kind = Engine.check(code, manifest.entry(), manifest.kind(), config.engine().jar());
    String blob = Digests.of(code);
    var version =
        new FunctionVersion(
            manifest.version(code),
            blob,
            manifest.entry(),
            manifestYaml,
            code.length,
            manifest.timeout(),
            manifest.memory(),
            clock.instant());
    var _ = blobs.spread(blob, code);
    for (int attempt = 1; ; attempt++) {
      var view = catalog.known();
      var record = with(view, tenant, manifest, kind, version);
      long expected = view.revisionOf(CatalogKeys.function(tenant, manifest.name()));
      try {
        long revision = catalog.write(List.of(new Change.Put(record, OptionalLong.of(expected))));
        var seen = catalog.awaitRevision(revision, deadline);
        return seen.function(tenant, manifest.name()).orElse(record);
      } catch (HeddleException e) {
        if (e.code() != ErrorCode.REVISION_CONFLICT || attempt == ATTEMPTS) {
          throw e;
        }
        var later = catalog.awaitRevision(view.revision() + 1, deadline);
        assert later.revision() > view.revision();
      }
    }
  }

  private static FunctionRecord with(
      CatalogView view,
      String tenant,
      Manifest manifest,
      FunctionKind kind,
      FunctionVersion version) {
    var before = view.function(tenant, manifest.name());
    if (before.isPresent() && before.get().kind() != kind) {
      throw new HeddleException(
          ErrorCode.INVALID_FUNCTION,
          "kind of "
              + manifest.name()
              + ": "
              + kind
              + " (expected: "
              + before.get().kind()
              + ", as its earlier versions; delete the function to change it)");
    }
    return before
        .map(record -> record.withVersion(version))
        .orElseGet(() ->
            new FunctionRecord(
                tenant,
                manifest.name(),
                kind,
                manifest.runtime(),
                List.of(version),
                Map.of(FunctionRecord.LATEST, version.digest())));
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
