package dev.heddle.coordinator;

import dev.heddle.coordinator.scatter.SettleGrpcClient.Ref;
import dev.heddle.function.Bound;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;

/**
 * Queries and parts of queries under way here, to be told what others of their trees find. Safe for
 * many threads.
 */
final class Courses {
  private final ConcurrentMap<Name, CourseLoop> loops = new ConcurrentHashMap<>();
  private final CourseAlarm alarm = new CourseAlarm();

  /**
   * How others name a course.
   *
   * @param call that handed it here; with attempt 0, what names the calls that it makes
   */
  record Name(String tenant, Ref call) {
    /** Whether whoever names it so handed it here. */
    boolean fromAbove() {
      return call.attempt() > 0;
    }
  }

  void enter(Name name, CourseLoop loop) {
    loops.put(name, loop);
  }

  void leave(Name name, CourseLoop loop) {
    loops.remove(name, loop);
  }

  /** Others found so much; nothing happens where there is no such course. */
  void raise(Name name, Bound bar) {
    var loop = loops.get(name);
    if (loop != null) {
      loop.raised(bar, name.fromAbove());
    }
  }

  /** Tells courses the time. */
  CourseAlarm alarm() {
    return alarm;
  }

  /** Names that are known. */
  int size() {
    return loops.size();
  }
}
