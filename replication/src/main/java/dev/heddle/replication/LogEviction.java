package dev.heddle.replication;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Objects;
import org.apache.ratis.server.RaftServer;
import org.apache.ratis.server.raftlog.RaftLog;
import org.apache.ratis.server.raftlog.segmented.SegmentedRaftLog;
import org.apache.ratis.util.AwaitToRun;

/**
 * The thread by which a log drops entries that it holds in memory. It has to end before its log is
 * closed: Ratis 3.3 waits for its end while it holds the lock that the thread may be waiting for,
 * and then nobody can close the group, or the node, any more.
 */
final class LogEviction {
  private static final VarHandle RUN = handle();

  private LogEviction() {}

  private static VarHandle handle() {
    try {
      return MethodHandles.privateLookupIn(SegmentedRaftLog.class, MethodHandles.lookup())
          .findVarHandle(SegmentedRaftLog.class, "cacheEviction", AwaitToRun.class);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("a Ratis that keeps its logs in another way", e);
    }
  }

  /** Returns once the thread has ended, if there is a log; what it holds stays in memory. */
  static void end(RaftServer.Division division) {
    RaftLog log;
    try {
      log = division.getRaftLog();
    } catch (IllegalStateException e) {
      // It was not opened yet.
      return;
    }
    if (log instanceof SegmentedRaftLog segmented) {
      of(segmented).close();
    }
  }

  static AwaitToRun of(SegmentedRaftLog log) {
    return Objects.requireNonNull((AwaitToRun) RUN.get(log));
  }
}
