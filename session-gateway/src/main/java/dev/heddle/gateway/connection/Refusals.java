package dev.heddle.gateway.connection;

import dev.heddle.gateway.session.ConnectionTable.Outcome;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;

/** What a client is told where the grid did not do what it asked of its connection. */
final class Refusals {
  private Refusals() {}

  static HeddleException of(Outcome outcome) {
    return switch (outcome) {
      case MISSING, ENDING ->
          new HeddleException(
              ErrorCode.GONE, "connection: its window is over (expected: a new connection)");
      case REPLAYED ->
          new HeddleException(
              ErrorCode.FORBIDDEN, "resume: an old token (expected: the newest one)");
      case BUSY ->
          new HeddleException(
              ErrorCode.CONFLICT,
              "frame: another one is in work (expected: one at a time, after its answer)");
      case GAP ->
          new HeddleException(
              ErrorCode.CONFLICT, "number: not the next one (expected: numbers without gaps)");
      case FULL ->
          new HeddleException(
              ErrorCode.LIMIT_REACHED, "connection: its history is full (expected: a reader)");
      case FENCED, DUPLICATE, DONE ->
          new HeddleException(
              ErrorCode.GONE, "connection: carried by another socket (expected: the newest one)");
    };
  }
}
