package dev.heddle.gateway.connection;

import dev.heddle.catalog.CatalogClient;
import dev.heddle.catalog.NodeRecord;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;

/** Where the gateways are that ids of connections name. Thread-safe. */
final class Homes {
  private final CatalogClient catalog;
  private final String own;
  private final Supplier<Set<String>> inGrid;

  /**
   * @param inGrid names of the nodes whose gateways are in the grid
   */
  Homes(CatalogClient catalog, String node, Supplier<Set<String>> inGrid) {
    this.catalog = catalog;
    this.own = Tokens.home(node);
    this.inGrid = inGrid;
  }

  /** host:port of the internal services of all other gateways. */
  List<String> others() {
    return catalog.view().nodesWith("gateway").stream()
        .filter(node -> !Tokens.home(node.node()).equals(own))
        .map(NodeRecord::internal)
        .toList();
  }

  /** Whether the catalog knows all gateways of the grid. */
  boolean complete() {
    Set<String> known = new HashSet<>();
    catalog.view().nodesWith("gateway").forEach(node -> known.add(Tokens.home(node.node())));
    known.add(own);
    return inGrid.get().stream().allMatch(node -> known.contains(Tokens.home(node)));
  }

  /** Whether this is the gateway. */
  boolean here(Tokens.Named id) {
    return id.home().equals(own);
  }

  /**
   * host:port of the gateway's internal services; empty: it is gone.
   *
   * @throws HeddleException UNAVAILABLE where it may live, but has lost its place in the catalog
   */
  Optional<String> address(Tokens.Named id) {
    for (NodeRecord node : catalog.view().nodesWith("gateway")) {
      if (Tokens.home(node.node()).equals(id.home())) {
        return Optional.of(node.internal());
      }
    }
    for (String node : inGrid.get()) {
      if (Tokens.home(node).equals(id.home())) {
        throw new HeddleException(
            ErrorCode.UNAVAILABLE,
            "gateway " + node + ": not in the catalog (expected: a registered node)");
      }
    }
    return Optional.empty();
  }
}
