/**
 * The composition root of a server process: from a config file to running roles. Called by {@code
 * heddle node} and by cluster tests; starts and stops on the caller's thread.
 */
@NullMarked
package dev.heddle.cli.node;

import org.jspecify.annotations.NullMarked;
