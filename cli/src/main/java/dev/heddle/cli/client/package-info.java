/**
 * A cluster as its clients see it: where it is, its gRPC and HTTP doors, and what is sent to it
 * (functions, apps, documents). Called by the commands and by the demo, on their own threads.
 */
@NullMarked
package dev.heddle.cli.client;

import org.jspecify.annotations.NullMarked;
