package dev.heddle.catalog;

import dev.heddle.process.Channels;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import io.grpc.Channel;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;

/**
 * Which coordinator to ask: this node's own if there is one, else those of the catalog in turn,
 * those out of reach last. Thread-safe.
 */
public final class Coordinators {
  private final String node;
  private final CatalogClient catalog;
  private final Channels channels;
  private final AtomicInteger turn = new AtomicInteger();

  public Coordinators(String node, CatalogClient catalog, Channels channels) {
    this.node = node;
    this.catalog = catalog;
    this.channels = channels;
  }

  /** Whether the catalog knows a coordinator. */
  public boolean known() {
    return !candidates().isEmpty();
  }

  /** host:port of this node's internal services; empty while the catalog does not know it. */
  public Optional<String> ownInternalAddress() {
    return catalog
        .view()
        .node(node)
        .map(NodeRecord::internal)
        .filter(address -> !address.isEmpty());
  }

  /**
   * A channel to a coordinator's public services.
   *
   * @throws HeddleException UNAVAILABLE if the catalog knows none
   */
  public Channel channel() {
    return channel(NodeRecord::grpc);
  }

  /**
   * A channel to a coordinator's services for nodes.
   *
   * @throws HeddleException UNAVAILABLE if the catalog knows none
   */
  public Channel internalChannel() {
    return channel(NodeRecord::internal);
  }

  private Channel channel(Function<NodeRecord, String> door) {
    List<NodeRecord> candidates = candidates();
    if (candidates.isEmpty()) {
      throw new HeddleException(
          ErrorCode.UNAVAILABLE, "coordinator: none (expected: a running coordinator)");
    }
    for (NodeRecord candidate : candidates) {
      if (candidate.node().equals(node)) {
        return channels.to(door.apply(candidate));
      }
    }
    int first = Math.floorMod(turn.getAndIncrement(), candidates.size());
    for (int i = 0; i < candidates.size(); i++) {
      String address = door.apply(candidates.get((first + i) % candidates.size()));
      if (channels.usable(address)) {
        return channels.to(address);
      }
    }
    return channels.to(door.apply(candidates.get(first)));
  }

  private List<NodeRecord> candidates() {
    List<NodeRecord> all = catalog.view().nodesWith("coordinator");
    for (NodeRecord one : all) {
      if (one.grpc().isEmpty()) {
        return all.stream().filter(candidate -> !candidate.grpc().isEmpty()).toList();
      }
    }
    return all;
  }
}
