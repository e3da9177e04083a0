/**
 * A scatter function to copy: the topics that a query's best documents mention more often than
 * documents do as a rule. Start with {@link dev.heddle.sample.search.related.RelatedTopics}; the
 * platform calls it, one thread at a time.
 */
@NullMarked
package dev.heddle.sample.search.related;

import org.jspecify.annotations.NullMarked;
