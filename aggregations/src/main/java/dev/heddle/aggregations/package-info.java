/**
 * The built-in scatter functions, written on {@code function-api} alone, as a user would.
 *
 * <p>Leaves and coordinators run them through the engine. An instance serves one query on one node
 * and is used by one thread at a time; nothing here is shared between instances.
 */
@NullMarked
package dev.heddle.aggregations;

import org.jspecify.annotations.NullMarked;
