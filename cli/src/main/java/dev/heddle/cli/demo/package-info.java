/**
 * {@code heddle demo}: a cluster of real processes on loopback with a sample application in it. One
 * thread builds it up and then supervises; a thread per child watches it; the shutdown hook takes
 * it down.
 */
@NullMarked
package dev.heddle.cli.demo;

import org.jspecify.annotations.NullMarked;
