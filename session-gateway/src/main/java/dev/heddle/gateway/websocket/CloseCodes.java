package dev.heddle.gateway.websocket;

/** Why connections end: what RFC 6455 7.4.1 names, and the gateway's own. */
public final class CloseCodes {
  public static final int NORMAL = 1000;
  public static final int GOING_AWAY = 1001;

  /** What came is no frame, or not one that may come now. */
  static final int PROTOCOL = 1002;

  /** The client's goodbye had no code. */
  public static final int NO_CODE = 1005;

  public static final int ABNORMAL = 1006;

  /** A text that is not UTF-8, or compressed data that is none. */
  static final int BAD_DATA = 1007;

  /** What the connection was let in for holds no more. */
  public static final int POLICY = 1008;

  static final int TOO_LARGE = 1009;

  /** What was to be done on the connection failed for a reason of ours. */
  static final int SERVER_ERROR = 1011;

  /** The history lost a frame before the client had it: it may resume, and learns so. */
  public static final int INSUFFICIENT = 3010;

  /** The client took the connection elsewhere: not to be resumed from here. */
  public static final int REPLACED = 4001;

  private CloseCodes() {}

  /** Whether a peer may send it, by RFC 6455 7.4 and IANA's registry. */
  static boolean maySend(int code) {
    return (code >= 1000 && code <= 1014 && code != 1004 && code != NO_CODE && code != ABNORMAL)
        || (code >= 3000 && code <= 4999);
  }
}
