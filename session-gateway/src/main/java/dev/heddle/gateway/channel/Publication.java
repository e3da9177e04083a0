package dev.heddle.gateway.channel;

import dev.heddle.gateway.session.ChannelKey;
import dev.heddle.gateway.session.ChannelPosition;
import dev.heddle.gateway.session.ChannelTable.Message;
import dev.heddle.gateway.websocket.WireFrame;
import dev.heddle.json.Json;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonGenerator;

/** A message of a channel on its way to many: encoded once. Thread-safe. */
public final class Publication {
  private static final byte[] DATA = "data: ".getBytes(StandardCharsets.US_ASCII);

  private final ChannelKey channel;
  private final Message message;
  private volatile byte @Nullable [] envelope;
  private volatile byte @Nullable [] data;
  private volatile @Nullable Shared shared;

  /** What all get who listen as it comes. */
  private static final class Shared {
    private volatile @Nullable WireFrame frame;
    private volatile @Nullable WireFrame envelopeFrame;
  }

  Publication(ChannelKey channel, Message message) {
    this.channel = channel;
    this.message = message;
  }

  public ChannelKey channel() {
    return channel;
  }

  public ChannelPosition at() {
    return message.at();
  }

  /** As it was published; not to be changed. */
  public byte[] bytes() {
    return message.bytes();
  }

  /** Whether it is a binary frame; else it is UTF-8. */
  public boolean binary() {
    return message.binary();
  }

  /** As clients get it that may resume; not to be changed. */
  public byte[] envelope() {
    byte[] known = envelope;
    if (known == null) {
      // Two threads may do it at once, and get the same.
      known =
          Json.write(json -> {
            json.writeStartObject();
            json.writeStringProperty("heddle", "publication");
            json.writeStringProperty("channel", channel.name());
            write(json, message);
            json.writeEndObject();
          });
      envelope = known;
    }
    return known;
  }

  /** From now on all get the same frames. */
  void shareFrames() {
    shared = new Shared();
  }

  /**
   * The frames are no longer kept: they hold the message once more as it is written, and once more
   * compressed, which no bound of the history knows of.
   */
  void dropFrames() {
    shared = null;
  }

  /** The message as a WebSocket frame. */
  public WireFrame frame() {
    Shared all = shared;
    WireFrame known = all == null ? null : all.frame;
    if (known == null) {
      known = WireFrame.message(message.bytes(), message.binary());
      if (all != null) {
        all.frame = known;
      }
    }
    return known;
  }

  /** The envelope as a WebSocket frame. */
  public WireFrame envelopeFrame() {
    Shared all = shared;
    WireFrame known = all == null ? null : all.envelopeFrame;
    if (known == null) {
      known = WireFrame.message(envelope(), false);
      if (all != null) {
        all.envelopeFrame = known;
      }
    }
    return known;
  }

  /** The envelope as the data of a server-sent event, which it ends; not to be changed. */
  public byte[] data() {
    byte[] known = data;
    if (known == null) {
      // JSON of ours has no line ends.
      byte[] json = envelope();
      known = new byte[json.length + DATA.length + 2];
      System.arraycopy(DATA, 0, known, 0, DATA.length);
      System.arraycopy(json, 0, known, DATA.length, json.length);
      known[known.length - 2] = '\n';
      known[known.length - 1] = '\n';
      data = known;
    }
    return known;
  }

  /** Position and content, as properties. */
  private static void write(JsonGenerator json, Message message) {
    json.writeStringProperty("epoch", message.at().epoch());
    json.writeNumberProperty("offset", message.at().offset());
    if (message.binary()) {
      json.writeStringProperty("body", Base64.getEncoder().encodeToString(message.bytes()));
      json.writeBooleanProperty("isBase64Encoded", true);
    } else {
      json.writeStringProperty("body", new String(message.bytes(), StandardCharsets.UTF_8));
    }
  }

  int size() {
    return message.bytes().length + 128;
  }
}
