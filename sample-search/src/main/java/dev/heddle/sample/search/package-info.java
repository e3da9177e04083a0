/**
 * Corpora for the sample application: the DBpedia articles of Apache Stanbol's index, and users'
 * own JSONL files, as documents with the schema that fits them.
 *
 * <p>Called by the command line's {@code load} and {@code demo}. Nothing here is shared between
 * threads: a corpus may be opened by several, but what {@link dev.heddle.sample.search.Corpus#open}
 * returns belongs to one.
 */
@NullMarked
package dev.heddle.sample.search;

import org.jspecify.annotations.NullMarked;
