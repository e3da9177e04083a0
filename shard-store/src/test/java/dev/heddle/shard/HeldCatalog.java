package dev.heddle.shard;

import dev.heddle.catalog.CatalogClient;
import dev.heddle.catalog.CatalogView;
import dev.heddle.catalog.Change;
import dev.heddle.catalog.NodeRecord;
import dev.heddle.process.Deadline;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A client of a real catalog whose view can be held back, and whose writes are counted or refused.
 */
final class HeldCatalog implements CatalogClient {
  private final CatalogClient client;
  final AtomicInteger written = new AtomicInteger();
  final AtomicInteger conflicts = new AtomicInteger();
  private volatile @Nullable CatalogView held;
  private volatile boolean away;

  HeldCatalog(CatalogClient client) {
    this.client = client;
  }

  /** From now on nothing new is seen. */
  void hold() {
    held = client.view();
  }

  void letGo() {
    held = null;
  }

  /** Whether writes find nobody. */
  void away(boolean now) {
    away = now;
  }

  @Override
  public CatalogView view() {
    CatalogView view = held;
    return view == null ? client.view() : view;
  }

  @Override
  public boolean ready() {
    return client.ready();
  }

  @Override
  public String reason() {
    return client.reason();
  }

  @Override
  public CatalogView awaitRevision(long revision, Deadline deadline) throws InterruptedException {
    return client.awaitRevision(revision, deadline);
  }

  @Override
  public AutoCloseable onChange(Consumer<CatalogView> listener) {
    return client.onChange(listener);
  }

  @Override
  public long write(List<Change> changes) {
    if (away) {
      throw new HeddleException(ErrorCode.CATALOG_UNAVAILABLE, "catalog: told to be away");
    }
    try {
      long revision = client.write(changes);
      written.incrementAndGet();
      return revision;
    } catch (HeddleException e) {
      if (e.code() == ErrorCode.REVISION_CONFLICT) {
        conflicts.incrementAndGet();
      }
      throw e;
    }
  }

  @Override
  public void register(NodeRecord self, Duration ttl) {
    client.register(self, ttl);
  }

  @Override
  public void close() {
    client.close();
  }
}
