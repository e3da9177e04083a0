/**
 * Cookie sessions: the signed cookie, and what every gateway node sees of a session: attributes,
 * and the position token of what its user has written and seen. Beside them the table of resumable
 * connections. Called by the HTTP edge and the doors of connections on virtual threads, and by
 * running handlers through the internal service. All of it lives encrypted in a grid that spans the
 * gateway nodes; its entry processors run on the grid's partition threads.
 */
@NullMarked
package dev.heddle.gateway.session;

import org.jspecify.annotations.NullMarked;
