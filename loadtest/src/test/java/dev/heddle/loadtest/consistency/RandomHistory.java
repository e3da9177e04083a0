package dev.heddle.loadtest.consistency;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Plays clients against a real register, one step at a time, so that the history is good by
 * construction: every operation takes effect at one step between its call and its answer, those in
 * doubt at any later step or never.
 */
final class RandomHistory {
  private final Random random;
  private final double doubt;
  private final List<Operation> operations = new ArrayList<>();
  private final List<Pending> late = new ArrayList<>();
  private int values;
  private long now;

  /** The register. */
  private @Nullable String value;

  private long version;
  private long index;

  /** An operation under way. */
  private static final class Pending {
    final String client;
    final Action action;
    final long invoked;
    @Nullable Outcome outcome;

    Pending(String client, Action action, long invoked) {
      this.client = client;
      this.action = action;
      this.invoked = invoked;
    }
  }

  /**
   * @param doubt which part of the operations has no answer, 0..1
   */
  RandomHistory(long seed, double doubt) {
    this.random = new Random(seed);
    this.doubt = doubt;
  }

  List<Operation> play(int clients, int count) {
    var pending = new TreeMap<Integer, Pending>();
    while (operations.size() < count) {
      now++;
      int client = random.nextInt(clients);
      var at = pending.get(client);
      if (at == null) {
        pending.put(client, new Pending("client " + client, action(), now));
      } else if (at.outcome == null) {
        if (random.nextDouble() < doubt) {
          answer(at, Outcome.UNKNOWN);
          late.add(at);
          pending.remove(client);
        } else {
          at.outcome = apply(at.action);
        }
      } else {
        answer(at, random.nextDouble() < doubt ? Outcome.UNKNOWN : at.outcome);
        pending.remove(client);
      }
      if (!late.isEmpty() && random.nextInt(20) == 0) {
        var one = late.remove(random.nextInt(late.size()));
        if (random.nextBoolean()) {
          apply(one.action);
        }
      }
    }
    // They may have taken effect.
    pending.values().forEach(at -> answer(at, Outcome.UNKNOWN));
    return List.copyOf(operations);
  }

  private void answer(Pending at, Outcome outcome) {
    operations.add(new Operation("k", at.client, at.action, at.invoked, now, outcome));
  }

  private Action action() {
    return switch (random.nextInt(8)) {
      case 0, 1 -> new Action.Put(next());
      case 2 -> new Action.PutIf(version, next());
      case 3 -> new Action.PutIf(random.nextLong(version + 1), next());
      case 4 -> new Action.Delete();
      default -> new Action.Read();
    };
  }

  private String next() {
    return "v" + values++;
  }

  private Outcome apply(Action action) {
    return switch (action) {
      case Action.Read _ -> value == null ? Outcome.ABSENT : new Outcome.Found(value, version);
      case Action.Put put -> put(put.value());
      case Action.PutIf put -> version == put.version() ? put(put.value()) : Outcome.CONFLICT;
      case Action.Delete _ -> delete();
    };
  }

  private Outcome put(String written) {
    index += 1 + random.nextInt(3);
    value = written;
    version = index;
    return new Outcome.Written(index);
  }

  private Outcome delete() {
    boolean found = value != null;
    index++;
    value = null;
    version = 0;
    return new Outcome.Deleted(found, random.nextInt(10) > 0 ? index : 0);
  }
}
