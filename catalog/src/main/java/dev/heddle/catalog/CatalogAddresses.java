package dev.heddle.catalog;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Where the catalog may be found: at the seeds, and at the nodes of the last view that replicate.
 * Safe for any thread.
 */
final class CatalogAddresses {
  private final List<String> seeds;
  private final ReentrantLock lock = new ReentrantLock();

  /** Guarded by {@link #lock}, as is what follows. */
  private List<String> learnt = List.of();

  private @Nullable String leader;

  /**
   * @param seeds host:port, at least one
   */
  CatalogAddresses(List<String> seeds) {
    if (seeds.isEmpty()) {
      throw new IllegalArgumentException("catalog addresses: none (expected: at least one)");
    }
    this.seeds = List.copyOf(seeds);
  }

  void learn(CatalogView view) {
    List<String> found =
        view.nodes().stream()
            .filter(node -> !node.replication().isEmpty())
            .map(NodeRecord::internal)
            .toList();
    lock.lock();
    try {
      learnt = found;
    } finally {
      lock.unlock();
    }
  }

  /** Calls to this address have worked, or someone has named it. */
  void leads(String address) {
    lock.lock();
    try {
      leader = address;
    } finally {
      lock.unlock();
    }
  }

  /** A call to this address has not worked. */
  void failed(String address) {
    lock.lock();
    try {
      if (address.equals(leader)) {
        leader = null;
      }
    } finally {
      lock.unlock();
    }
  }

  /** All, the leader first, for a call that only it can answer. */
  List<String> forWrites() {
    Set<String> all = new LinkedHashSet<>();
    lock.lock();
    try {
      Optional.ofNullable(leader).ifPresent(all::add);
      all.addAll(seeds);
      all.addAll(learnt);
    } finally {
      lock.unlock();
    }
    return List.copyOf(all);
  }

  /**
   * All, in the order of the seeds, and the leader.
   *
   * @param last to be tried last; empty: none
   */
  List<String> forWatches(String last) {
    Set<String> all = new LinkedHashSet<>(seeds);
    lock.lock();
    try {
      all.addAll(learnt);
      Optional.ofNullable(leader).ifPresent(all::add);
    } finally {
      lock.unlock();
    }
    List<String> order = new ArrayList<>(all);
    if (order.remove(last)) {
      order.add(last);
    }
    return order;
  }

  @Override
  public String toString() {
    return String.join(", ", forWatches(""));
  }
}
