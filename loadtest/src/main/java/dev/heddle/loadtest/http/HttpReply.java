package dev.heddle.loadtest.http;

import java.nio.charset.StandardCharsets;

/**
 * A whole reply.
 *
 * @param keepAlive whether the connection takes another request
 */
public record HttpReply(int status, byte[] body, boolean keepAlive) {
  private static final int EXCERPT = 200;

  public boolean ok() {
    return status == 200;
  }

  /** The beginning of the body on one line, for messages. */
  public String excerpt() {
    var text = new String(body, 0, Math.min(EXCERPT, body.length), StandardCharsets.UTF_8);
    return text.replaceAll("\\p{Cntrl}+", " ") + (body.length > EXCERPT ? "…" : "");
  }
}
