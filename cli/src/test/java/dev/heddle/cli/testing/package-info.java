/** What tests of several packages share. */
@NullMarked
package dev.heddle.cli.testing;

import org.jspecify.annotations.NullMarked;
