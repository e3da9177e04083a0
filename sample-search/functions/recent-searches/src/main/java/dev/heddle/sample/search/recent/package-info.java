/**
 * A handler to copy: it keeps a user's last searches in the cookie session. Start with {@link
 * dev.heddle.sample.search.recent.RecentSearches}; the platform calls it, one event at a time.
 */
@NullMarked
package dev.heddle.sample.search.recent;

import org.jspecify.annotations.NullMarked;
