package dev.heddle.coordinator;

import dev.heddle.coordinator.Courses.Name;
import dev.heddle.coordinator.gather.HeldBytes;
import dev.heddle.coordinator.scatter.LeafCall;
import dev.heddle.coordinator.scatter.LeafGrpcClient.Template;
import dev.heddle.coordinator.scatter.LeafReply;
import dev.heddle.coordinator.scatter.Part;
import dev.heddle.coordinator.scatter.SettleGrpcClient.Ref;
import dev.heddle.function.Bound;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Drives a {@link QueryCourse} with what comes over the network and with the time, until it is
 * done. Owned by the query's thread, which waits for one queue; transport threads only add to it.
 * Closing gives back what the query holds.
 */
final class CourseLoop implements QueryCourse.Door, CourseAlarm.Sleeper, AutoCloseable {
  /** Looks of the alarm after which a waiting query looks whether its caller went away. */
  private static final int CANCEL_CHECK_LOOKS = 50;

  private final SharedState shared;
  private final Template template;
  private final BooleanSupplier cancelled;
  private final Runnable improved;
  private final HeldBytes.Query bytes;
  private final ConcurrentLinkedQueue<Arrival> arrivals = new ConcurrentLinkedQueue<>();

  /** The query's thread while it waits, and until when. */
  private volatile @Nullable Thread waiting;

  private volatile long wakeNanos;

  /** Since it began to wait; of the alarm's thread, but for the beginning. */
  private volatile int looks;

  private final Hearing above = new Hearing(true);
  private final Hearing below = new Hearing(false);

  private List<Name> names = List.of();
  private Optional<Part> part = Optional.empty();

  /** What comes from elsewhere. */
  private sealed interface Arrival {}

  private record Replied(Attempt attempt, LeafReply reply) implements Arrival {}

  private record Raised(Hearing from) implements Arrival {}

  private record Due(Runnable work) implements Arrival {}

  /**
   * @param cancelled whether the caller went away
   * @param improved runs when the answer grew, and there is more to come
   */
  CourseLoop(SharedState shared, Template template, BooleanSupplier cancelled, Runnable improved) {
    this.shared = shared;
    this.template = template;
    this.cancelled = cancelled;
    this.improved = improved;
    this.bytes = shared.bytes().open();
  }

  /** What coordinators below find while they look for it is heard from now on. */
  void hear() {
    name(new Ref(template.queryId(), template.branch(), 0, false));
  }

  /** Whoever handed the part here is heard from now on, and told, if it likes, what is found. */
  void serve(Part handed) {
    part = handed.caller().isEmpty() ? Optional.empty() : Optional.of(handed);
    name(handed.call());
  }

  private void name(Ref call) {
    var name = new Name(template.tenant(), call);
    names = new ArrayList<>(names);
    names.add(name);
    shared.courses().enter(name, this);
  }

  /** Others found so much; any thread may tell. At most one waits of those from either side. */
  void raised(Bound bar, boolean fromAbove) {
    var from = fromAbove ? above : below;
    if (from.heard(bar)) {
      arrived(new Raised(from));
    }
  }

  private void arrived(Arrival arrival) {
    arrivals.add(arrival);
    var thread = waiting;
    if (thread != null) {
      LockSupport.unpark(thread);
    }
  }

  /** What was heard and has yet to be taken: only the strongest counts. */
  private static final class Hearing {
    final boolean fromAbove;
    private final AtomicReference<Bound> strongest = new AtomicReference<>(Bound.NONE);

    Hearing(boolean fromAbove) {
      this.fromAbove = fromAbove;
    }

    /** Whether it is the first since the last was taken. */
    boolean heard(Bound bar) {
      return !bar.equals(Bound.NONE)
          && strongest.getAndAccumulate(bar, Bound::raised).equals(Bound.NONE);
    }

    Bound take() {
      return strongest.getAndSet(Bound.NONE);
    }
  }

  /** What waits for the query's thread. */
  int waiting() {
    return arrivals.size();
  }

  /** Has the query's thread do this, if the course is not done before; any thread may ask. */
  void later(Runnable work) {
    arrived(new Due(work));
  }

  /**
   * Runs the course to its end.
   *
   * @param check after each reply, refuses to go on where too much was spent
   * @throws HeddleException CANCELLED; what check throws; LIMIT_REACHED or OVERLOADED where too
   *     much is held
   */
  void run(QueryCourse course, Runnable check) throws InterruptedException {
    var alarm = shared.courses().alarm();
    try {
      alarm.enter(this);
      course.begin();
      hold(course);
      while (!course.done()) {
        step(course, check);
      }
      course.end();
    } finally {
      alarm.leave(this);
    }
  }

  /** What comes next; null: it is time to look what is due, or whether the caller is there. */
  private @Nullable Arrival await(long untilNanos) throws InterruptedException {
    var there = arrivals.poll();
    if (there != null) {
      return there;
    }
    looks = 0;
    wakeNanos = untilNanos;
    waiting = Thread.currentThread();
    try {
      // What came before it was known that this waits has woken nobody.
      there = arrivals.poll();
      if (there == null) {
        LockSupport.park(this);
        there = arrivals.poll();
      }
    } finally {
      waiting = null;
    }
    if (Thread.interrupted()) {
      throw new InterruptedException("query: interrupted while it waited for its leaves");
    }
    return there;
  }

  @Override
  @SuppressWarnings("NonAtomicVolatileUpdate") // One thread looks.
  public void look() {
    var thread = waiting;
    if (thread == null) {
      return;
    }
    looks++;
    if (wakeNanos - shared.ticker().nanoTime() <= 0 || looks >= CANCEL_CHECK_LOOKS) {
      LockSupport.unpark(thread);
    }
  }

  private void step(QueryCourse course, Runnable check) throws InterruptedException {
    long wake = course.wakeNanos();
    if (wake - shared.ticker().nanoTime() <= 0) {
      course.tick();
      hold(course);
      return;
    }
    switch (await(wake)) {
      case Replied(var attempt, var reply) -> {
        if (reply instanceof LeafReply.Failure && cancelled.getAsBoolean()) {
          // The caller's going cancels its calls: nobody is at fault, and nobody is to be asked.
          throw goneAway();
        }
        bytes.check();
        course.reply(attempt, reply);
        bytes.add(-held(reply));
        hold(course);
        bytes.check();
        check.run();
      }
      case Raised(var from) -> course.raise(from.take(), from.fromAbove);
      case Due(var work) -> work.run();
      case null -> {
        if (cancelled.getAsBoolean()) {
          throw goneAway();
        }
      }
    }
  }

  private void hold(QueryCourse course) {
    bytes.state(HeldBytes.QUERY + template.bytes() + course.held(template.bytes()));
  }

  /** What a reply takes until it is merged. */
  private static long held(LeafReply reply) {
    return reply instanceof LeafReply.Answer answer ? HeldBytes.of(answer) : 0;
  }

  private static HeddleException goneAway() {
    return new HeddleException(ErrorCode.CANCELLED, "query: the caller went away");
  }

  @Override
  public Runnable send(LeafCall call, Attempt attempt) {
    try {
      return shared
          .leaves()
          .send(
              template,
              attempt.kind.name(),
              call,
              reply -> {
                // What waits in the queue counts, too.
                bytes.add(held(reply));
                arrived(new Replied(attempt, reply));
              });
    } catch (HeddleException e) {
      arrived(new Replied(attempt, new LeafReply.Failure(e)));
      return () -> {};
    }
  }

  /** Holds an answer that is to be sent, besides what it was made of. */
  void hold(LeafReply.Answer answer) {
    bytes.add(held(answer));
  }

  @Override
  public void improved() {
    improved.run();
  }

  @Override
  public void tell(Attempt attempt, Bound bar) {
    var call = new Ref(template.queryId(), template.branch(), attempt.number, false);
    shared.leaves().raise(template, attempt.leaf.address(), call, attempt.leaf.handed(), bar);
  }

  @Override
  public boolean hasCaller() {
    return part.isPresent();
  }

  @Override
  public void tellCaller(Bound bar) {
    var handed = part.orElseThrow();
    var above = new Ref(template.queryId(), handed.call().branch(), 0, false);
    shared
        .catalog()
        .get()
        .node(handed.caller())
        .ifPresent(node -> shared.leaves().raise(template, node.internal(), above, true, bar));
  }

  @Override
  public void close() {
    names.forEach(name -> shared.courses().leave(name, this));
    bytes.close();
  }
}
