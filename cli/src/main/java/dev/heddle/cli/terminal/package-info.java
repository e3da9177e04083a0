/**
 * What a person at a terminal sees: plain output, tables, figures, progress. Called by every
 * command; a {@link dev.heddle.cli.terminal.Console} may be used from any thread.
 */
@NullMarked
package dev.heddle.cli.terminal;

import org.jspecify.annotations.NullMarked;
