/** Whole clusters of real processes, and what is done to them: kills, cut networks, full disks. */
@NullMarked
package dev.heddle.cli.chaos;

import org.jspecify.annotations.NullMarked;
