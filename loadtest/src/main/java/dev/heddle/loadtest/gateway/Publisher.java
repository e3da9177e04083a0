package dev.heddle.loadtest.gateway;

import java.io.IOException;
import java.util.function.LongFunction;

/** Sends a frame to all receivers, by one request. Used by one thread. */
interface Publisher extends AutoCloseable {
  /**
   * Returns when the server has taken it.
   *
   * @param message makes the frame of the moment at which it is sent
   * @throws IOException if it was not taken
   */
  void publish(LongFunction<String> message) throws IOException, InterruptedException;

  @Override
  void close();
}
