/** A catalog for tests of other rooms: the real server and real clients, in one JVM. */
@NullMarked
package dev.heddle.catalog.testing;

import org.jspecify.annotations.NullMarked;
