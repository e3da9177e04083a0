package dev.heddle.gateway.session;

import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.util.regex.Pattern;

/** Which channel: a name is one tenant's, and nothing to another. */
public record ChannelKey(String tenant, String name) {
  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,127}");

  /**
   * A channel by a name that somebody gave.
   *
   * @throws HeddleException INVALID_REQUEST
   */
  public static ChannelKey named(String tenant, String name) {
    if (!NAME.matcher(name).matches()) {
      throw new HeddleException(
          ErrorCode.INVALID_REQUEST,
          "channel: "
              + (name.length() > 200 ? name.length() + " characters" : name)
              + " (expected: 1..128 letters, digits, '.', '_', '-')");
    }
    return new ChannelKey(tenant, name);
  }

  String inGrid() {
    return tenant + "/" + name;
  }

  static ChannelKey of(String inGrid) {
    int slash = inGrid.indexOf('/');
    return new ChannelKey(inGrid.substring(0, slash), inGrid.substring(slash + 1));
  }
}
