package dev.heddle.shard;

import org.jspecify.annotations.Nullable;

/** Carries what happens to shards from the committing thread to those that care. */
final class StoreSignals {
  private volatile @Nullable Upkeep upkeep;
  private volatile @Nullable CatalogFollowing following;

  /** Before this, nothing is open, so nothing happens. */
  void connect(Upkeep toUpkeep, CatalogFollowing toFollowing) {
    upkeep = toUpkeep;
    following = toFollowing;
  }

  void committed(LocalShard shard) {
    Upkeep connected = upkeep;
    if (connected != null) {
      connected.refreshSoon(shard);
    }
  }

  void failed(LocalShard shard) {
    CatalogFollowing connected = following;
    if (connected != null) {
      connected.wake();
    }
  }
}
