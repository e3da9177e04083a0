package dev.heddle.replication;

import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import org.apache.ratis.protocol.exceptions.LeaderNotReadyException;
import org.apache.ratis.protocol.exceptions.LeaderSteppingDownException;
import org.apache.ratis.protocol.exceptions.NotLeaderException;
import org.apache.ratis.protocol.exceptions.ReconfigurationInProgressException;
import org.apache.ratis.protocol.exceptions.ResourceUnavailableException;
import org.apache.ratis.protocol.exceptions.SetConfigurationException;
import org.apache.ratis.protocol.exceptions.StateMachineException;

/** What went wrong in Ratis, in our words. */
final class RaftFailures {
  private RaftFailures() {}

  /**
   * @param appended whether an entry may stand in the log all the same
   */
  static HeddleException of(Throwable failure, boolean appended) {
    Throwable cause = unwrapped(failure);
    if (cause instanceof HeddleException ours) {
      return ours;
    }
    if (cause instanceof StateMachineException refused
        && refused.getCause() instanceof HeddleException ours) {
      return ours;
    }
    if (appended) {
      return new HeddleException(
          ErrorCode.UNAVAILABLE,
          "entry: not known whether it will be written: "
              + cause.getMessage()
              + " (expected: acknowledged by a majority)",
          cause);
    }
    return switch (cause) {
      case NotLeaderException other ->
          other.getSuggestedLeader() == null
              ? new HeddleException(
                  ErrorCode.NO_MAJORITY, "leader: none known here (expected: one)", other)
              : new HeddleException(
                      ErrorCode.NOT_LEADER,
                      "leader: " + other.getSuggestedLeader().getId() + " (expected: this node)",
                      other)
                  .withLeader(other.getSuggestedLeader().getId().toString());
      case LeaderNotReadyException young ->
          new HeddleException(
              ErrorCode.NO_MAJORITY,
              "leader: just elected, no majority has confirmed it yet (expected: confirmed)",
              young);
      case LeaderSteppingDownException old ->
          new HeddleException(
              ErrorCode.NO_MAJORITY, "leader: stepping down (expected: one that leads)", old);
      case ResourceUnavailableException full ->
          new HeddleException(
              ErrorCode.QUEUE_FULL, "entries: too many wait (expected: try again later)", full);
      case SetConfigurationException other ->
          new HeddleException(
              ErrorCode.REVISION_CONFLICT, String.valueOf(other.getMessage()), other);
      case ReconfigurationInProgressException other ->
          new HeddleException(ErrorCode.UNAVAILABLE, String.valueOf(other.getMessage()), other);
      default ->
          new HeddleException(
              ErrorCode.UNAVAILABLE, "group: " + cause + " (expected: one that takes part)", cause);
    };
  }

  static HeddleException ofRead(Throwable failure) {
    Throwable cause = unwrapped(failure);
    return new HeddleException(
        ErrorCode.NO_MAJORITY,
        "read: not confirmed by a majority: "
            + cause.getMessage()
            + " (expected: a leader that a majority follows)",
        cause);
  }

  private static Throwable unwrapped(Throwable failure) {
    Throwable current = failure;
    while ((current instanceof CompletionException || current instanceof ExecutionException)
        && current.getCause() != null) {
      current = current.getCause();
    }
    return current;
  }
}
