package dev.heddle.gateway.websocket;

/** What came breaks a rule: the connection fails with a close code (RFC 6455 7.1.7). */
final class Fault extends Exception {
  private static final long serialVersionUID = 1;

  private final int code;

  private Fault(int code, String reason) {
    // Clients cause it at will: a stack would only cost.
    super(reason, null, false, false);
    this.code = code;
  }

  static Fault protocol(String reason) {
    return new Fault(CloseCodes.PROTOCOL, reason);
  }

  static Fault data(String reason) {
    return new Fault(CloseCodes.BAD_DATA, reason);
  }

  static Fault tooLarge(long most) {
    return new Fault(CloseCodes.TOO_LARGE, "message: more than " + most + " bytes");
  }

  int code() {
    return code;
  }

  String reason() {
    String message = getMessage();
    return message == null ? "" : message;
  }
}
