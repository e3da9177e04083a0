package dev.heddle.engine;

import dev.heddle.process.HeddleException;

/**
 * What a running invocation may ask of the platform, in JSON: the same for WebAssembly and for
 * process sandboxes. Arguments and replies are bounded. Valid until the invocation ends.
 */
public interface PlatformCalls {
  /**
   * Does it and waits.
   *
   * @param operation name of an {@link Operation}, such as {@code data.get}
   * @param arguments a JSON object, in UTF-8, with the operation's named arguments
   * @return the reply as JSON text in UTF-8
   * @throws HeddleException for what was refused or failed; UNKNOWN_PARAMETER for another operation
   *     or argument
   */
  byte[] call(String operation, byte[] arguments);
}
