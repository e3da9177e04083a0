package dev.heddle.cli.client;

import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;

/** An error that a cluster answered with, and the trace under which to look for it. */
public final class RemoteFailure extends RuntimeException {
  private static final long serialVersionUID = 1;

  private final ErrorCode code;
  private final String traceId;

  public RemoteFailure(HeddleException failure, String traceId) {
    super(failure.getMessage(), failure);
    this.code = failure.code();
    this.traceId = traceId;
  }

  public ErrorCode code() {
    return code;
  }

  /** 32 hex digits; empty where the cluster gave none. */
  public String traceId() {
    return traceId;
  }
}
