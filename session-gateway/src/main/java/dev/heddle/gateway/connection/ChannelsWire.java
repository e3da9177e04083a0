package dev.heddle.gateway.connection;

import com.google.protobuf.UnsafeByteOperations;
import dev.heddle.gateway.channel.ChannelHub.History;
import dev.heddle.gateway.channel.ChannelLimits;
import dev.heddle.gateway.session.ChannelKey;
import dev.heddle.gateway.session.ChannelPosition;
import dev.heddle.gateway.session.ChannelTable.Message;
import dev.heddle.gateway.session.PresenceTable;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.v1.ChannelMessage;
import dev.heddle.v1.HistoryRequest;
import dev.heddle.v1.HistoryResponse;
import dev.heddle.v1.PresenceResponse;
import dev.heddle.v1.Present;
import dev.heddle.v1.PublishResponse;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What services say of channels, and are told, as gRPC has it. */
final class ChannelsWire {
  private static final int USUAL_PRESENT = 1_000;
  private static final int MOST_PRESENT = 10_000;

  private ChannelsWire() {}

  /**
   * Names of channels.
   *
   * @throws HeddleException INVALID_REQUEST for a bad one, LIMIT_REACHED for too many
   */
  static Set<String> names(String tenant, List<String> given) {
    if (given.size() > ChannelLimits.MOST_SUBSCRIPTIONS) {
      throw new HeddleException(
          ErrorCode.LIMIT_REACHED,
          "channels: "
              + given.size()
              + " (expected: at most "
              + ChannelLimits.MOST_SUBSCRIPTIONS
              + ")");
    }
    var names = new LinkedHashSet<String>();
    given.forEach(name -> names.add(ChannelKey.named(tenant, name).name()));
    return names;
  }

  static @Nullable ChannelPosition after(HistoryRequest request) {
    return request.hasAfter()
        ? new ChannelPosition(request.getAfter().getEpoch(), request.getAfter().getOffset())
        : null;
  }

  private static dev.heddle.v1.ChannelPosition encode(ChannelPosition at) {
    return dev.heddle.v1.ChannelPosition.newBuilder()
        .setEpoch(at.epoch())
        .setOffset(at.offset())
        .build();
  }

  static PublishResponse published(ChannelPosition at) {
    return PublishResponse.newBuilder().setAt(encode(at)).build();
  }

  static HistoryResponse encode(History history) {
    var response =
        HistoryResponse.newBuilder()
            .setRecovered(history.recovered())
            .setAt(encode(history.at()))
            .setMore(history.more());
    for (Message message : history.messages()) {
      response.addMessages(
          ChannelMessage.newBuilder()
              .setAt(encode(message.at()))
              .setPayload(UnsafeByteOperations.unsafeWrap(message.bytes()))
              .setBinary(message.binary())
              .setTime(message.time().toString()));
    }
    return response.build();
  }

  /**
   * How many connections an answer is to name.
   *
   * @param limit 0: the usual number
   * @throws HeddleException OUT_OF_RANGE
   */
  static int named(int limit) {
    if (limit < 0 || limit > MOST_PRESENT) {
      throw new HeddleException(
          ErrorCode.OUT_OF_RANGE, "limit: " + limit + " (expected: 1.." + MOST_PRESENT + ")");
    }
    return limit == 0 ? USUAL_PRESENT : limit;
  }

  static PresenceResponse encode(PresenceTable.Present present) {
    var response = PresenceResponse.newBuilder().setCount(present.count());
    present
        .users()
        .forEach((id, user) ->
            response.addPresent(Present.newBuilder().setConnection(id).setUser(user)));
    return response.build();
  }
}
