package dev.heddle.gateway.connection;

import dev.heddle.gateway.session.ConnectionTable;
import dev.heddle.gateway.session.ConnectionTable.Carrier;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Where other gateways find this one. Thread-safe. */
final class Whereabouts {
  private final ConnectionTable table;
  private final Supplier<Optional<String>> internalAddress;
  private volatile @Nullable String last;

  /**
   * @param internalAddress of this node, while it is known
   */
  Whereabouts(ConnectionTable table, Supplier<Optional<String>> internalAddress) {
    this.table = table;
    this.internalAddress = internalAddress;
  }

  /** A node that has lost its place in the catalog for a while is still where it was. */
  Carrier carrier() {
    Optional<String> address = internalAddress.get();
    address.ifPresent(known -> last = known);
    return table.self(Optional.ofNullable(last));
  }

  /**
   * Refuses clients while other gateways could not tell this one of their frames.
   *
   * @throws HeddleException UNAVAILABLE
   */
  void requireKnown() {
    if (carrier().address().isEmpty()) {
      throw new HeddleException(
          ErrorCode.UNAVAILABLE, "gateway: not in the catalog yet (expected: a registered node)");
    }
  }
}
