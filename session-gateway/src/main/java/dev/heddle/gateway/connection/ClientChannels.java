package dev.heddle.gateway.connection;

import dev.heddle.gateway.channel.ChannelHub;
import dev.heddle.gateway.channel.ChannelHub.Want;
import dev.heddle.gateway.channel.ChannelRules.Rule;
import dev.heddle.gateway.session.ChannelKey;
import dev.heddle.gateway.session.ChannelPosition;
import dev.heddle.gateway.session.PresenceTable.Present;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.util.Optional;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** What apps say of channels, and what comes of it. Blocking; thread-safe. */
final class ClientChannels {
  private final ChannelHub hub;
  private final Apps apps;

  ClientChannels(ChannelHub hub, Apps apps) {
    this.hub = hub;
    this.apps = apps;
  }

  ChannelHub hub() {
    return hub;
  }

  /** How a client is to listen to a channel, by its app as it is now. */
  Want want(Client client, ChannelKey key, boolean resumed, @Nullable ChannelPosition after) {
    boolean presence = rule(client, key).map(Rule::presence).orElse(false);
    return new Want(resumed, after, apps.latest(key.tenant(), key.name()), presence);
  }

  private Optional<Rule> rule(Client client, ChannelKey key) {
    try {
      return apps.get(client.tenant(), client.app())
          .channels()
          .rule(key.name(), client.principal());
    } catch (HeddleException e) {
      // The app is gone; its connections live on.
      return Optional.empty();
    }
  }

  /**
   * The channel, if the client's app allows it this.
   *
   * @param what names the right
   * @throws HeddleException FORBIDDEN, INVALID_REQUEST for a bad name
   */
  ChannelKey permit(Client client, String name, String what, Predicate<Rule> right) {
    ChannelKey key = ChannelKey.named(client.tenant(), name);
    if (rule(client, key).filter(right).isEmpty()) {
      throw new HeddleException(
          ErrorCode.FORBIDDEN,
          "channel: "
              + name
              + " (expected: one that app "
              + client.app()
              + " lets its clients "
              + what
              + ")");
    }
    return key;
  }

  /** Publishes a message; only the newest counts where an app of the tenant says so. */
  ChannelPosition publish(ChannelKey key, Payload message) {
    boolean latest = apps.latest(key.tenant(), key.name());
    return hub.publish(key, message.bytes(), message.binary(), latest);
  }

  /** Publishes what a handler's reply asks for. */
  void publish(String tenant, HandlerReply reply) {
    for (ReplyChannels.Message each : reply.channels().publish()) {
      var _ = publish(ChannelKey.named(tenant, each.channel()), each.payload());
    }
  }

  Present present(ChannelKey key, int most) {
    return hub.present(key, most);
  }
}
