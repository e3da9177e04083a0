package dev.heddle.catalog;

import dev.heddle.catalog.CatalogState.RawChange;
import dev.heddle.catalog.Command.Call;
import dev.heddle.catalog.Command.Lease;
import dev.heddle.catalog.Command.Limits;
import dev.heddle.internal.v1.CatalogChange;
import dev.heddle.internal.v1.CatalogCommand;
import dev.heddle.internal.v1.CatalogEvents;
import dev.heddle.internal.v1.CatalogWriteRequest;
import dev.heddle.internal.v1.EndLeaseRequest;
import dev.heddle.internal.v1.EndLeases;
import dev.heddle.internal.v1.RenewLeaseRequest;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import io.grpc.Metadata;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.UUID;

/**
 * The catalog's values on the wire and in the log. An update that is too large for one message goes
 * out as several; all but the last have revision 0.
 */
final class CatalogWire {
  /** Trailer of a refusal: host:port of the internal services of the node that leads. */
  static final Metadata.Key<String> LEADER =
      Metadata.Key.of("heddle-leader", Metadata.ASCII_STRING_MARSHALLER);

  /** Of a message with more than one entry, about. */
  private static final long LARGEST_MESSAGE = 2 << 20;

  private CatalogWire() {}

  static RawChange change(CatalogChange change) {
    return new RawChange(
        change.getKey(),
        change.hasValue() ? Optional.of(change.getValue()) : Optional.empty(),
        change.hasExpectedRevision()
            ? OptionalLong.of(change.getExpectedRevision())
            : OptionalLong.empty());
  }

  /**
   * A write that came over the wire.
   *
   * @throws HeddleException INVALID_REQUEST if its client is not a UUID
   */
  static Command.Write write(CatalogWriteRequest request, Limits limits) {
    return new Command.Write(
        request.getClient().isEmpty()
            ? Optional.empty()
            : Optional.of(new Call(client(request.getClient()), request.getCall())),
        request.getChangesList().stream().map(CatalogWire::change).toList(),
        limits);
  }

  private static UUID client(String text) {
    try {
      return UUID.fromString(text);
    } catch (IllegalArgumentException e) {
      throw new HeddleException(
          ErrorCode.INVALID_REQUEST, "client: " + text + " (expected: a UUID)", e);
    }
  }

  /** An entry of the log. */
  static byte[] bytes(Command command) {
    CatalogCommand.Builder entry = CatalogCommand.newBuilder();
    switch (command) {
      case Command.Write write -> {
        limits(entry, write.limits());
        CatalogWriteRequest.Builder request = CatalogWriteRequest.newBuilder();
        write
            .call()
            .ifPresent(call -> request.setClient(call.client().toString()).setCall(call.number()));
        write.changes().forEach(change -> request.addChanges(change(change)));
        entry.setWrite(request);
      }
      case Command.Grant grant ->
          limits(entry, grant.limits())
              .setGrant(
                  RenewLeaseRequest.newBuilder()
                      .setNode(grant.node())
                      .setIncarnation(grant.incarnation())
                      .setValue(grant.value())
                      .setTtlMillis(grant.ttlMillis()));
      case Command.End end -> {
        EndLeases.Builder leases = EndLeases.newBuilder();
        end.leases()
            .forEach(lease ->
                leases.addLeases(
                    EndLeaseRequest.newBuilder()
                        .setNode(lease.node())
                        .setIncarnation(lease.incarnation())
                        .setRevision(lease.revision())));
        entry.setEnd(leases);
      }
    }
    return entry.build().toByteArray();
  }

  private static CatalogCommand.Builder limits(CatalogCommand.Builder entry, Limits limits) {
    return entry.setMaxEntries(limits.maxEntries()).setMaxTotalBytes(limits.maxTotalBytes());
  }

  /**
   * What an entry of the log says.
   *
   * @throws IOException if that cannot be understood, as when a newer version has written it
   */
  static Command command(byte[] bytes) throws IOException {
    CatalogCommand entry = CatalogCommand.parseFrom(bytes);
    Limits limits = new Limits(entry.getMaxEntries(), entry.getMaxTotalBytes());
    return switch (entry.getKindCase()) {
      case WRITE -> write(entry.getWrite(), limits);
      case GRANT ->
          new Command.Grant(
              entry.getGrant().getNode(),
              entry.getGrant().getIncarnation(),
              entry.getGrant().getValue(),
              entry.getGrant().getTtlMillis(),
              limits);
      case END ->
          new Command.End(entry.getEnd().getLeasesList().stream().map(CatalogWire::lease).toList());
      case KIND_NOT_SET ->
          throw new IOException("catalog entry: kind unknown (expected: write, grant or end)");
    };
  }

  static Lease lease(EndLeaseRequest request) {
    return new Lease(request.getNode(), request.getIncarnation(), request.getRevision());
  }

  private static CatalogChange change(RawChange change) {
    CatalogChange.Builder builder = CatalogChange.newBuilder().setKey(change.key());
    change.value().ifPresent(builder::setValue);
    change.expectedRevision().ifPresent(builder::setExpectedRevision);
    return builder.build();
  }

  static CatalogChange change(Change change) {
    CatalogChange.Builder builder = CatalogChange.newBuilder().setKey(change.key());
    if (change instanceof Change.Put put) {
      builder.setValue(CatalogJson.write(put.record()));
    }
    change.expectedRevision().ifPresent(builder::setExpectedRevision);
    return builder.build();
  }

  static List<CatalogEvents> events(CatalogUpdate update, String clusterId) {
    List<CatalogEvents> messages = new ArrayList<>();
    CatalogEvents.Builder message = part(update, clusterId).addAllRemoved(update.removed());
    long size = 0;
    for (CatalogEntry entry : update.changed()) {
      long more = entry.key().length() + (long) entry.value().length() + 16;
      if (size > 0 && size + more > LARGEST_MESSAGE) {
        messages.add(message.build());
        message = part(update, clusterId);
        size = 0;
      }
      size += more;
      message.addChanged(
          dev.heddle.internal.v1.CatalogEntry.newBuilder()
              .setKey(entry.key())
              .setValue(entry.value())
              .setRevision(entry.revision()));
    }
    messages.add(message.setRevision(update.revision()).build());
    return messages;
  }

  private static CatalogEvents.Builder part(CatalogUpdate update, String clusterId) {
    return CatalogEvents.newBuilder().setClusterId(clusterId).setSnapshot(update.snapshot());
  }

  /** host:port of the leader, where a refusal names it. */
  static Optional<String> leader(StatusRuntimeException refusal) {
    Metadata trailers = refusal.getTrailers();
    return trailers == null ? Optional.empty() : Optional.ofNullable(trailers.get(LEADER));
  }

  /** Puts messages together again. One thread. */
  static final class Assembly {
    private final List<CatalogEntry> changed = new ArrayList<>();
    private final List<String> removed = new ArrayList<>();

    /** The update that ends with this message; empty: more are to come. */
    Optional<CatalogUpdate> add(CatalogEvents message) {
      message
          .getChangedList()
          .forEach(entry ->
              changed.add(new CatalogEntry(entry.getKey(), entry.getValue(), entry.getRevision())));
      removed.addAll(message.getRemovedList());
      if (message.getRevision() == 0) {
        return Optional.empty();
      }
      CatalogUpdate update =
          new CatalogUpdate(message.getRevision(), message.getSnapshot(), changed, removed);
      changed.clear();
      removed.clear();
      return Optional.of(update);
    }
  }
}
