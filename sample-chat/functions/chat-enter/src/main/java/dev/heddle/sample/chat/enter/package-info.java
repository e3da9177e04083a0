/**
 * Who the visitor is: {@link dev.heddle.sample.chat.enter.Enter}. The page calls it over HTTP; the
 * platform hands it one event at a time.
 */
@NullMarked
package dev.heddle.sample.chat.enter;

import org.jspecify.annotations.NullMarked;
