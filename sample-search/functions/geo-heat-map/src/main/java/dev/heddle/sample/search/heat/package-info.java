/**
 * A scatter function to copy: matches by cell of a grid over the world. Start with {@link
 * dev.heddle.sample.search.heat.GeoHeatMap}; the platform calls it, one thread at a time.
 */
@NullMarked
package dev.heddle.sample.search.heat;

import org.jspecify.annotations.NullMarked;
