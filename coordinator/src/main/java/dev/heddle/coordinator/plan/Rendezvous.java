package dev.heddle.coordinator.plan;

import dev.heddle.coordinator.plan.SchedulingPolicy.Candidates;
import java.nio.charset.StandardCharsets;

/**
 * Highest random weight hashing (Thaler and Ravishankar, 1998): each key has an order of all leaves
 * of its own, in which the others stay where they are when one goes.
 */
public final class Rendezvous {
  private Rendezvous() {}

  /**
   * The place that comes first for a key, leaving one out.
   *
   * @param except that is left out; -1: none
   * @return -1 where there is none
   */
  public static int first(Candidates candidates, String key, int except) {
    int best = -1;
    long most = 0;
    for (int place = 0; place < candidates.size(); place++) {
      if (place != except) {
        long weight = hash(key + "/" + candidates.node(place));
        if (best < 0 || weight > most) {
          best = place;
          most = weight;
        }
      }
    }
    return best;
  }

  /** FNV-1a, then mixed: close names must not hash close together. */
  private static long hash(String text) {
    long hash = 0xcbf29ce484222325L;
    for (byte b : text.getBytes(StandardCharsets.UTF_8)) {
      hash = (hash ^ (b & 0xff)) * 0x100000001b3L;
    }
    hash = (hash ^ (hash >>> 33)) * 0xff51afd7ed558ccdL;
    hash = (hash ^ (hash >>> 33)) * 0xc4ceb9fe1a85ec53L;
    return hash ^ (hash >>> 33);
  }
}
