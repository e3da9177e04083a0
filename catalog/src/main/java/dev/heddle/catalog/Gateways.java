package dev.heddle.catalog;

import dev.heddle.process.Channels;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import io.grpc.Channel;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Which gateway to ask about what any of them can do: this node's own if there is one, else those
 * of the catalog in turn, those out of reach last. Thread-safe.
 */
public final class Gateways {
  private final String node;
  private final CatalogClient catalog;
  private final Channels channels;
  private final AtomicInteger turn = new AtomicInteger();

  public Gateways(String node, CatalogClient catalog, Channels channels) {
    this.node = node;
    this.catalog = catalog;
    this.channels = channels;
  }

  /**
   * A channel to a gateway's services for nodes.
   *
   * @throws HeddleException UNAVAILABLE if the catalog knows none
   */
  public Channel channel() {
    List<NodeRecord> all = catalog.view().nodesWith("gateway");
    if (all.isEmpty()) {
      throw new HeddleException(
          ErrorCode.UNAVAILABLE, "gateway: none (expected: a running gateway)");
    }
    for (NodeRecord each : all) {
      if (each.node().equals(node)) {
        return channels.to(each.internal());
      }
    }
    int first = Math.floorMod(turn.getAndIncrement(), all.size());
    for (int i = 0; i < all.size(); i++) {
      String address = all.get((first + i) % all.size()).internal();
      if (channels.usable(address)) {
        return channels.to(address);
      }
    }
    return channels.to(all.get(first).internal());
  }
}
