/**
 * The HTTP edge: Jetty, routes, errors, protection against foreign origins and hosts, static pages.
 * Each request runs on a virtual thread of its own and may block.
 */
@NullMarked
package dev.heddle.gateway.http;

import org.jspecify.annotations.NullMarked;
