package dev.heddle.cli.node;

import dev.heddle.catalog.CatalogConfig;
import dev.heddle.process.HostPort;
import java.util.HashSet;
import java.util.List;

/**
 * How a node finds the catalog, which leaf nodes replicate.
 *
 * @param bootstrap whether this leaf forms a new cluster, if its directory is empty; true for the
 *     first leaf of a cluster and for no other
 * @param seeds internal addresses of leaf nodes, at most 64; those that do not answer are skipped
 * @param limits of the catalog's server on a leaf
 */
public record CatalogPlace(boolean bootstrap, List<HostPort> seeds, CatalogConfig limits) {
  private static final int MOST_SEEDS = 64;

  public CatalogPlace {
    seeds = List.copyOf(seeds);
    if (seeds.size() > MOST_SEEDS) {
      throw new IllegalArgumentException(
          "seeds: " + seeds.size() + " (expected: 0.." + MOST_SEEDS + ")");
    }
    if (new HashSet<>(seeds).size() < seeds.size()) {
      throw new IllegalArgumentException("seeds: " + seeds + " (expected: each once)");
    }
    for (HostPort seed : seeds) {
      if (seed.port() == 0) {
        throw new IllegalArgumentException("seeds: " + seed + " (expected: a port of 1..65535)");
      }
    }
  }

  static CatalogPlace defaults() {
    return new CatalogPlace(false, List.of(), CatalogConfig.defaults());
  }
}
