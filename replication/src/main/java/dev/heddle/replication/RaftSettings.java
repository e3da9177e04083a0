package dev.heddle.replication;

import dev.heddle.process.HostPort;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.apache.ratis.RaftConfigKeys;
import org.apache.ratis.conf.RaftProperties;
import org.apache.ratis.grpc.GrpcConfigKeys;
import org.apache.ratis.server.RaftServerConfigKeys;
import org.apache.ratis.server.RaftServerConfigKeys.Log;
import org.apache.ratis.server.RaftServerConfigKeys.Rpc;
import org.apache.ratis.util.SizeInBytes;
import org.apache.ratis.util.TimeDuration;

/**
 * What Ratis is told. Chosen so that memory and threads stay small however many groups there are.
 */
final class RaftSettings {
  /** Room for one entry and what Ratis adds to it. */
  private static final int APPEND_BYTES = 900 << 10;

  private RaftSettings() {}

  static RaftProperties of(HostPort address, RaftConfig config) {
    RaftProperties properties = new RaftProperties();
    transport(properties, address);
    log(properties, config);
    Rpc.setTimeoutMin(properties, time(config.electionMin()));
    Rpc.setTimeoutMax(properties, time(config.electionMax()));
    Rpc.setFirstElectionTimeoutMin(properties, time(config.firstElectionMin()));
    Rpc.setFirstElectionTimeoutMax(properties, time(config.firstElectionMax()));
    Rpc.setRequestTimeout(properties, time(config.callTimeout()));
    RaftServerConfigKeys.LeaderElection.setPreVote(properties, true);
    // A leader that lost its majority may stand again as soon as the others would.
    RaftServerConfigKeys.LeaderElection.setLeaderStepDownWaitTime(
        properties, time(config.electionMax()));
    // A new member may have to fetch a whole state before it is heard of again.
    RaftServerConfigKeys.setStagingTimeout(properties, TimeDuration.valueOf(30, TimeUnit.SECONDS));
    // The step from one voter to three.
    RaftServerConfigKeys.LeaderElection.setMemberMajorityAdd(properties, true);
    // A process that was stopped for long and goes on is a member like any other that lagged.
    RaftServerConfigKeys.setCloseThreshold(properties, TimeDuration.valueOf(1_000, TimeUnit.DAYS));
    RaftServerConfigKeys.Write.setElementLimit(properties, config.pendingEntries());
    RaftServerConfigKeys.Write.setByteLimit(properties, size(config.pendingBytes().bytes()));
    return properties;
  }

  private static void transport(RaftProperties properties, HostPort address) {
    RaftConfigKeys.Rpc.setType(properties, new Transport());
    GrpcConfigKeys.Server.setHost(properties, address.host());
    GrpcConfigKeys.Server.setPort(properties, address.port());
    GrpcConfigKeys.Server.setAsyncRequestThreadPoolCached(properties, true);
    GrpcConfigKeys.Server.setAsyncRequestThreadPoolSize(properties, 8);
    properties.setInt(GrpcConfigKeys.Server.STUB_POOL_SIZE_KEY, 1);
  }

  private static void log(RaftProperties properties, RaftConfig config) {
    Log.setSegmentSizeMax(properties, size(config.segment().bytes()));
    Log.setPreallocatedSize(properties, size(256 << 10));
    // Direct memory of each group; the default would be eight times as much.
    Log.setWriteBufferSize(properties, size(1 << 20));
    Log.Appender.setBufferByteLimit(properties, size(APPEND_BYTES));
    // A member that comes back after some time is not left waiting for five seconds more.
    Log.Appender.setRetryPolicy(properties, "1ms,10, 300ms,1000000");
    Log.setQueueElementLimit(properties, config.pendingEntries());
    Log.setQueueByteLimit(properties, size(config.pendingBytes().bytes()));
    Log.setSegmentCacheNumMax(properties, 1);
    Log.setSegmentCacheSizeMax(properties, size(config.segment().bytes()));
    // Every entry is on disk before it counts: that is the promise.
    Log.setUnsafeFlushEnabled(properties, false);
    Log.setAsyncFlushEnabled(properties, false);
    // Composed, a follower of Ratis 3.3 confirms entries that it has not: it looks at their first
    // index only. And it takes what waits to be appended for appended when it learns how far
    // entries are committed, so that it may apply others that stand there.
    Log.setAppendEntriesComposeEnabled(properties, false);
    // A third of the entries would be about how far entries are committed.
    Log.setLogMetadataEnabled(properties, false);
    Log.setPurgeUptoSnapshotIndex(properties, true);
    Log.setPurgeGap(properties, 1);
    // At least the last entry: what comes next is appended behind it.
    Log.setPurgePreservationLogNum(properties, Math.max(1, config.retained()));
    Log.Appender.setInstallSnapshotEnabled(properties, false);
    RaftServerConfigKeys.Snapshot.setAutoTriggerEnabled(properties, false);
  }

  static TimeDuration time(Duration duration) {
    return TimeDuration.valueOf(duration.toMillis(), TimeUnit.MILLISECONDS);
  }

  private static SizeInBytes size(long bytes) {
    return SizeInBytes.valueOf(bytes);
  }
}
