/**
 * What the tests of this module measure: an HTTP server that does as it is told and logs what it
 * did. Its threads are its own; scripts run on them.
 */
@NullMarked
package dev.heddle.loadtest.testing;

import org.jspecify.annotations.NullMarked;
