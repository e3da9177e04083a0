package dev.heddle.gateway.connection;

import dev.heddle.gateway.channel.ChannelRules;
import dev.heddle.gateway.websocket.SlowConsumer;
import dev.heddle.process.DataSize;
import java.net.URI;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import tools.jackson.databind.node.ObjectNode;

/**
 * What an app.yaml says; {@link AppYaml} reads it.
 *
 * @param routes by action; {@code $connect}, {@code $disconnect} and {@code $default} are special
 * @param origins pages that may connect, besides the gateway's own: compared whole
 * @param principal the attribute of the cookie session that says who its user is; only sessions
 *     that have it may connect, and events carry its value; empty: anybody may
 * @param token what its users show instead; empty: nothing
 * @param compression WebSocket messages of more bytes are compressed for clients that take that;
 *     empty: none, in neither direction
 * @param autoReplies what is answered to text frames that are exactly this, without a call
 * @param channels what its clients may do with channels
 */
record AppSpec(
    String name,
    Map<String, Target> routes,
    List<String> origins,
    Optional<String> principal,
    Optional<Token> token,
    AppLimits limits,
    SlowConsumer slowConsumer,
    Optional<DataSize> compression,
    Map<String, String> autoReplies,
    ChannelRules channels) {
  static final String CONNECT = "$connect";
  static final String DISCONNECT = "$disconnect";
  static final String DEFAULT = "$default";
  static final Set<String> SPECIAL = Set.of(CONNECT, DISCONNECT, DEFAULT);

  AppSpec {
    routes = Map.copyOf(routes);
    origins = List.copyOf(origins);
    autoReplies = Map.copyOf(autoReplies);
  }

  /**
   * A JSON Web Token.
   *
   * @param user the claim that says who the user is; only tokens that have it let in
   * @param claims others that events carry
   * @param issuer the only one whose tokens let in; empty: any that knows users of the tenant
   */
  record Token(String user, List<String> claims, Optional<String> issuer) {
    Token {
      claims = List.copyOf(claims);
    }
  }

  /** Where a route leads. */
  sealed interface Target {
    /**
     * A query of a dataset.
     *
     * @param function the scatter function to run; empty: what the query says
     * @param stream whether each improvement of the answer is sent
     * @param defaults fields of the query that clients may leave out; not to be changed
     */
    record Query(String dataset, Optional<String> function, boolean stream, ObjectNode defaults)
        implements Target {}

    /**
     * A handler: name or name:alias.
     *
     * @param idempotent whether a call of unknown outcome may be made once more
     */
    record Handler(String function, boolean idempotent) implements Target {}

    /**
     * An HTTP service, which gets events as handlers do and answers as they do.
     *
     * @param idempotent whether a call of unknown outcome may be made once more
     */
    record Service(URI uri, boolean idempotent) implements Target {}
  }

  /** The target of frames with this action; {@code $default} where there is none. */
  Optional<Target> route(Optional<String> action) {
    return action
        // The special routes are the gateway's to choose.
        .filter(name -> !SPECIAL.contains(name))
        .map(routes::get)
        .or(() -> special(DEFAULT));
  }

  /** The target of a special route. */
  Optional<Target> special(String route) {
    return Optional.ofNullable(routes.get(route));
  }

  /** The key of the route that serves frames with this action. */
  String routeKey(Optional<String> action) {
    return action
        .filter(name -> !SPECIAL.contains(name) && routes.containsKey(name))
        .orElse(DEFAULT);
  }
}
