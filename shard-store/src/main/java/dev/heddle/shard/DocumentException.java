package dev.heddle.shard;

import dev.heddle.process.ErrorCode;

/** Why a document cannot be stored. */
final class DocumentException extends RuntimeException {
  private static final long serialVersionUID = 1;

  private final ErrorCode code;
  private final String reason;

  DocumentException(ErrorCode code, String message) {
    // One for each bad document of a bulk load, and the message says it all.
    super(message, null, false, false);
    this.code = code;
    this.reason = message;
  }

  ErrorCode code() {
    return code;
  }

  String reason() {
    return reason;
  }
}
