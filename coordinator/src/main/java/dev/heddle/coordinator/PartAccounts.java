package dev.heddle.coordinator;

import dev.heddle.coordinator.scatter.SettleGrpcClient.Ref;
import dev.heddle.engine.Bill;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What the last parts of other coordinators' queries cost here, so that those can learn what their
 * answers did not tell: of calls that were outrun here, and of parts that were cancelled. The
 * oldest go first. Safe for many threads.
 */
final class PartAccounts {
  private static final int MOST = 10_000;

  /** Guarded by itself. */
  private final Map<Ref, Part> last =
      new LinkedHashMap<>() {
        private static final long serialVersionUID = 1;

        @Override
        protected boolean removeEldestEntry(Map.Entry<Ref, Part> eldest) {
          return size() > MOST;
        }
      };

  /**
   * A part ended.
   *
   * @param call that handed it here
   * @param spent by then, without what is still open
   * @param open calls of which the account is going to hear
   */
  Ledger.Account ended(Ref call, Bill spent, int open) {
    var part = new Part(spent, open);
    synchronized (last) {
      last.put(whole(call), part);
    }
    return part;
  }

  /** What it cost; empty: it is not all known yet, or it was too long ago. */
  Optional<Bill> find(Ref call) {
    Part part;
    synchronized (last) {
      part = last.get(whole(call));
    }
    return part == null ? Optional.empty() : part.bill(call.rest());
  }

  private static Ref whole(Ref call) {
    return new Ref(call.queryId(), call.branch(), call.attempt(), false);
  }

  /** One part. */
  private static final class Part implements Ledger.Account {
    private final Bill spent;

    /** Guarded by this, as is what follows. */
    private Bill rest = Bill.NONE;

    private int open;

    Part(Bill spent, int open) {
      this.spent = spent;
      this.open = open;
    }

    @Override
    public synchronized void settled(Bill bill) {
      rest = rest.plus(bill);
      open--;
    }

    @Override
    public synchronized void unsettled(String call) {
      rest = rest.plus(Bill.open(List.of(call)));
      open--;
    }

    synchronized Optional<Bill> bill(boolean restOnly) {
      if (open > 0) {
        return Optional.empty();
      }
      return Optional.of(restOnly ? rest : spent.plus(rest));
    }
  }
}
