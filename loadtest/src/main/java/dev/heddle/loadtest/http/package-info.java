/**
 * A small blocking HTTP/1.1 client for measurements: one socket, one thread, one exchange at a
 * time, nothing between the caller and the socket that could be mistaken for the server's time.
 *
 * <p>Called by the experiments, from the thread that owns the connection.
 */
@NullMarked
package dev.heddle.loadtest.http;

import org.jspecify.annotations.NullMarked;
