/**
 * The bot: {@link dev.heddle.sample.chat.bot.Bot}. The function {@code chat-say} calls it, one
 * event at a time.
 */
@NullMarked
package dev.heddle.sample.chat.bot;

import org.jspecify.annotations.NullMarked;
