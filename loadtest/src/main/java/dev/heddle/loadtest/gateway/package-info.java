/**
 * Experiments about the gateway: connections that wait, talk, are pushed to, and lose their
 * gateway; the light clients that they need, and the servers that they are compared with.
 */
@NullMarked
package dev.heddle.loadtest.gateway;

import org.jspecify.annotations.NullMarked;
