package dev.heddle.cli.node;

import dev.heddle.catalog.CatalogConfig;
import dev.heddle.process.HostPort;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Where the catalog is: in this process, or at another one's internal address.
 *
 * @param directory of the catalog's own, if it is here
 * @param address of the internal services of the process with the catalog, if it is there
 * @param limits if it is here
 */
public record CatalogPlace(
    Optional<Path> directory, Optional<HostPort> address, CatalogConfig limits) {
  public CatalogPlace {
    if (directory.isPresent() && address.isPresent()) {
      throw new IllegalArgumentException(
          "catalog: both directory and address (expected: one of them)");
    }
  }

  static CatalogPlace defaults() {
    return new CatalogPlace(Optional.empty(), Optional.empty(), CatalogConfig.defaults());
  }
}
