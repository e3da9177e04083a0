package dev.heddle.catalog;

import dev.heddle.catalog.CatalogState.RawChange;
import dev.heddle.internal.v1.CatalogChange;
import dev.heddle.internal.v1.CatalogEvents;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * The catalog's values on the wire. An update that is too large for one message goes out as
 * several; all but the last have revision 0.
 */
final class CatalogWire {
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

  static CatalogChange change(Change change) {
    CatalogChange.Builder builder = CatalogChange.newBuilder().setKey(change.key());
    if (change instanceof Change.Put put) {
      builder.setValue(CatalogJson.write(put.record()));
    }
    change.expectedRevision().ifPresent(builder::setExpectedRevision);
    return builder.build();
  }

  static List<CatalogEvents> events(CatalogUpdate update) {
    List<CatalogEvents> messages = new ArrayList<>();
    CatalogEvents.Builder message =
        CatalogEvents.newBuilder().setSnapshot(update.snapshot()).addAllRemoved(update.removed());
    long size = 0;
    for (CatalogEntry entry : update.changed()) {
      long more = entry.key().length() + (long) entry.value().length() + 16;
      if (size > 0 && size + more > LARGEST_MESSAGE) {
        messages.add(message.build());
        message = CatalogEvents.newBuilder().setSnapshot(update.snapshot());
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
