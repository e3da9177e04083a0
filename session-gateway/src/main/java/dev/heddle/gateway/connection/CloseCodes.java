package dev.heddle.gateway.connection;

/** Why connections end, where RFC 6455 or an error code does not say it. */
final class CloseCodes {
  static final int NORMAL = 1000;
  static final int GOING_AWAY = 1001;

  /** What the connection was let in for holds no more. */
  static final int POLICY = 1008;

  /** The client's goodbye had no code. */
  static final int NO_CODE = 1005;

  static final int ABNORMAL = 1006;

  /** The history lost a frame before the client had it: it may resume, and learns so. */
  static final int INSUFFICIENT = 3010;

  /** The client took the connection elsewhere: not to be resumed from here. */
  static final int REPLACED = 4001;

  private CloseCodes() {}
}
