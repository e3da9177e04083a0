/**
 * A scatter function to copy: the best matches, ranked anew. Start with {@link
 * dev.heddle.sample.search.rerank.ReRanker}; the platform calls it, one thread at a time.
 */
@NullMarked
package dev.heddle.sample.search.rerank;

import org.jspecify.annotations.NullMarked;
