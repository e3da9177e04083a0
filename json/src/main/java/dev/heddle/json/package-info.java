/**
 * The JSON form of {@code heddle.v1}: what the HTTP edge, running functions and the command line
 * read and write, one and the same. Called from any thread; nothing here blocks or keeps state.
 */
@NullMarked
package dev.heddle.json;

import org.jspecify.annotations.NullMarked;
