/** Whole clusters in one JVM, built through the same constructors as production. */
@NullMarked
package dev.heddle.cli.cluster;

import org.jspecify.annotations.NullMarked;
