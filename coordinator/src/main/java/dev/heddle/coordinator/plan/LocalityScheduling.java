package dev.heddle.coordinator.plan;

import java.util.random.RandomGenerator;

/**
 * The leaf at which the invocation costs least, everything counted in invocations that run there
 * already. What counts is the session (a leaf that had its calls before), the code (a sandbox that
 * is idle, at least code that is loaded and compiled), the data, and what the leaf has to do.
 *
 * <p>Considered are few: of a key, its leaf and the one that comes second; two at random of those
 * that have the code, of those that have the data, and of all (power of two choices: Mitzenmacher,
 * 2001), so that coordinators whose knowledge is equally old do not all run to the same one.
 *
 * <p>A call leaves what it is used to once that costs more: its leaf has events waiting, or has far
 * more to do than others.
 */
public final class LocalityScheduling implements SchedulingPolicy {
  /** Events wait there: all that can run does. */
  private static final double WAITING = 64;

  /** Code has to be fetched and loaded: tens of milliseconds. */
  private static final double NOT_LOADED = 64;

  /** A sandbox has to be made. */
  private static final double NOT_IDLE = 2;

  /** What is kept for a session in caches is not there … */
  private static final double NOT_HOME = 9;

  /** … nor what was kept at its second choice. */
  private static final double SECOND = 8;

  /** Reads go over the network. */
  private static final double NO_DATA = 6;

  @Override
  public int choose(Candidates candidates, RandomGenerator random) {
    int home = -1;
    int second = -1;
    int least = 0;
    if (!candidates.localityKey().isEmpty()) {
      String key = candidates.tenant() + "/" + candidates.localityKey();
      home = Rendezvous.first(candidates, key, -1);
      second = Rendezvous.first(candidates, key, home);
      least = least(candidates);
    }
    var best = new Best(candidates, home, second, least);
    best.consider(home);
    best.consider(second);
    two(candidates, random, candidates::loaded, best);
    if (candidates.dataNamed()) {
      two(candidates, random, candidates::hasData, best);
    }
    two(candidates, random, place -> true, best);
    return best.place;
  }

  private static int least(Candidates candidates) {
    int least = Integer.MAX_VALUE;
    for (int place = 0; place < candidates.size(); place++) {
      least = Math.min(least, candidates.load(place));
    }
    return least;
  }

  /** Considers two different ones of those that have something, each as likely as the others. */
  private static void two(Candidates candidates, RandomGenerator random, Having having, Best best) {
    int one = -1;
    int other = -1;
    int seen = 0;
    for (int place = 0; place < candidates.size(); place++) {
      if (having.at(place)) {
        // A reservoir of two.
        int slot = seen < 2 ? seen : random.nextInt(seen + 1);
        if (slot == 0) {
          one = place;
        } else if (slot == 1) {
          other = place;
        }
        seen++;
      }
    }
    boolean swap = random.nextBoolean();
    best.consider(swap ? other : one);
    best.consider(swap ? one : other);
  }

  @FunctionalInterface
  private interface Having {
    boolean at(int place);
  }

  /** The cheapest one so far. Of one choice. */
  private static final class Best {
    private final Candidates candidates;
    private final int home;
    private final int second;
    private final int least;
    private int place = -1;
    private double cost;

    Best(Candidates candidates, int home, int second, int least) {
      this.candidates = candidates;
      this.home = home;
      this.second = second;
      this.least = least;
    }

    void consider(int other) {
      if (other < 0) {
        return;
      }
      double costs = cost(other);
      if (place < 0 || costs < cost) {
        place = other;
        cost = costs;
      }
    }

    private double cost(int at) {
      double sum = candidates.load(at);
      int queued = candidates.queued(at);
      if (queued > 0) {
        sum += WAITING + 2.0 * queued;
      }
      if (!candidates.loaded(at)) {
        sum += NOT_LOADED;
      } else if (candidates.idle(at) == 0) {
        sum += NOT_IDLE;
      }
      if (home >= 0 && at != home) {
        // Where all have much to do, twice as much is not worth a move.
        sum += least + (at == second ? SECOND : NOT_HOME);
      }
      if (candidates.dataNamed() && !candidates.hasData(at)) {
        sum += NO_DATA;
      }
      return sum;
    }
  }
}
