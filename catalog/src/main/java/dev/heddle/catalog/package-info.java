/**
 * What exists and where: datasets and their placement, functions, apps, and the nodes that live.
 *
 * <p>Every room reads it through a {@link dev.heddle.catalog.CatalogClient}, whose view is a local
 * immutable value. Nodes that hold data have a {@link dev.heddle.catalog.CatalogServer} each: one,
 * three or five of them are the voters of a replicated log, the others wait to become one. The
 * leader among them writes commands into the log; every voter decides a command when it applies it,
 * alike everywhere, and serves watches from what it has applied. Renewals of leases that change
 * nothing stay in the leader's memory. The state goes to disk now and then, and the log is cut
 * behind it; a member that is too far behind for the log fetches another one's file. Server and
 * client may be used by any thread.
 */
@NullMarked
package dev.heddle.catalog;

import org.jspecify.annotations.NullMarked;
