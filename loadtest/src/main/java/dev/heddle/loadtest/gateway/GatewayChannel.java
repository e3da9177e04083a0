package dev.heddle.loadtest.gateway;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.HostPort;
import dev.heddle.process.Ticker;
import java.io.IOException;
import java.net.URLEncoder;
import java.util.List;

/** A channel of a gateway. */
final class GatewayChannel {
  private static final String PATH = "/v1/channels/rounds";

  private GatewayChannel() {}

  /** Has connections listen to it from now on, and returns who publishes in it. */
  static Publisher of(HostPort gateway, List<String> connections, Ticker ticker) {
    try (var lane = new PostLane(gateway)) {
      for (var id : connections) {
        var path = PATH + "/connections/" + URLEncoder.encode(id, UTF_8);
        var reply = lane.put(path);
        if (reply.status() / 100 != 2) {
          throw new IOException("PUT " + path + ": " + reply.status() + " " + reply.excerpt());
        }
      }
    } catch (IOException e) {
      throw new HeddleException(ErrorCode.UNAVAILABLE, "subscriptions: " + e, e);
    }
    return PostLane.publisher(gateway, PATH, ticker);
  }
}
