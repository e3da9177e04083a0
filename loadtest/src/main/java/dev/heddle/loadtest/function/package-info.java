/** Functions that experiments deploy, and their archives. */
@NullMarked
package dev.heddle.loadtest.function;

import org.jspecify.annotations.NullMarked;
