/** What the files of the sample promise each other, on the thread of its test. */
@NullMarked
package dev.heddle.sample.chat;

import org.jspecify.annotations.NullMarked;
