package dev.heddle.gateway.channel;

import dev.heddle.gateway.session.ChannelKey;
import dev.heddle.gateway.session.ChannelPosition;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** How far a client has read its channels, as one text: {@code name:epoch:offset,…}. */
public final class Positions {
  private static final Pattern ONE =
      Pattern.compile("([A-Za-z0-9._-]{1,128}):([a-z0-9]{1,16}):([0-9]{1,18})");

  private Positions() {}

  public static String write(Map<String, ChannelPosition> positions) {
    return positions.entrySet().stream()
        .map(each -> each.getKey() + ":" + each.getValue().epoch() + ":" + each.getValue().offset())
        .collect(Collectors.joining(","));
  }

  /**
   * Reads them, by channel.
   *
   * @throws HeddleException INVALID_REQUEST
   */
  public static Map<String, ChannelPosition> parse(String tenant, String text) {
    var positions = new LinkedHashMap<String, ChannelPosition>();
    if (text.isEmpty()) {
      return positions;
    }
    String[] all = text.split(",", -1);
    if (all.length > ChannelLimits.MOST_SUBSCRIPTIONS) {
      throw new HeddleException(
          ErrorCode.LIMIT_REACHED,
          "channels: "
              + all.length
              + " (expected: at most "
              + ChannelLimits.MOST_SUBSCRIPTIONS
              + ")");
    }
    for (String each : all) {
      Matcher one = ONE.matcher(each);
      if (!one.matches()) {
        throw new HeddleException(
            ErrorCode.INVALID_REQUEST,
            "channels: a part of "
                + each.length()
                + " characters (expected: name:epoch:offset, separated by commas)");
      }
      String name = ChannelKey.named(tenant, one.group(1)).name();
      positions.put(name, new ChannelPosition(one.group(2), Long.parseLong(one.group(3))));
    }
    return positions;
  }
}
