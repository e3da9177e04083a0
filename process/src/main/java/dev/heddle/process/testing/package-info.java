/**
 * Aids for tests of any room: a clock and a ticker that stand still until told to move, and polling
 * with a limit. Safe for any thread.
 */
@NullMarked
package dev.heddle.process.testing;

import org.jspecify.annotations.NullMarked;
