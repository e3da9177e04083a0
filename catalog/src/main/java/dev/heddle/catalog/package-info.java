/**
 * What exists and where: datasets and their placement, functions, apps, and the nodes that live.
 *
 * <p>Every room reads it through a {@link dev.heddle.catalog.CatalogClient}, whose view is a local
 * immutable value; one process serves it with a {@link dev.heddle.catalog.CatalogServer}. Both may
 * be used by any thread.
 */
@NullMarked
package dev.heddle.catalog;

import org.jspecify.annotations.NullMarked;
