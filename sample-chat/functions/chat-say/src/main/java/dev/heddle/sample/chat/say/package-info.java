/**
 * What is said in rooms: {@link dev.heddle.sample.chat.say.Say}. Frames {@code say} of connections
 * come here, those of one connection one after the other.
 */
@NullMarked
package dev.heddle.sample.chat.say;

import org.jspecify.annotations.NullMarked;
