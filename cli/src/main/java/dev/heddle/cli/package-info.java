/**
 * The {@code heddle} command and the composition roots: it sees every role, so it is where roles
 * are put together into processes, and where tests run them together. Commands run on the main
 * thread.
 */
@NullMarked
package dev.heddle.cli;

import org.jspecify.annotations.NullMarked;
