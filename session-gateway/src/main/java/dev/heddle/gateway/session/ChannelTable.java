package dev.heddle.gateway.session;

import com.hazelcast.map.IMap;
import dev.heddle.gateway.session.ChannelEntry.Era;
import dev.heddle.gateway.session.ChannelEntry.Item;
import dev.heddle.gateway.session.ChannelStep.Life;
import dev.heddle.gateway.session.ChannelStep.Result;
import dev.heddle.gateway.session.ChannelStep.Step;
import dev.heddle.gateway.session.ChannelUse.Weighed;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The channels of all gateways: the newest messages of each, sealed, on an owner and one backup. A
 * message has its offset before it is told of, and is on the backup, if that answers within the 5 s
 * that the grid waits for it. Blocking, with UNAVAILABLE where the grid does not answer;
 * thread-safe.
 */
public final class ChannelTable {
  private static final Logger log = LoggerFactory.getLogger(ChannelTable.class);
  private static final String MESSAGE = "message";

  /** So many ways news go: a gateway listens to those of the channels that it needs. */
  private static final int SHARDS = 64;

  /** A channel that nobody used for so long is forgotten. */
  static final Duration LIFE = Duration.ofHours(1);

  /** As above, one that never had a message: whoever may listen makes them, by name. */
  static final Duration SILENT_LIFE = Duration.ofMinutes(5);

  private static final Life LIVES = new Life(LIFE.toMillis(), SILENT_LIFE.toMillis());

  /** Channels that are weighed in one step. */
  private static final int BATCH = 1_000;

  private final SessionGrid grid;
  private final IMap<String, ChannelEntry> channels;
  private final AttributeCipher cipher;
  private final AtomicReferenceArray<Boolean> heard = new AtomicReferenceArray<>(SHARDS);

  ChannelTable(SessionGrid grid, AttributeCipher cipher) {
    this.grid = grid;
    this.channels = grid.channels();
    this.cipher = cipher;
  }

  /** A message of a channel. */
  public record Message(ChannelPosition at, Instant time, boolean binary, byte[] bytes) {}

  /**
   * What a channel keeps.
   *
   * @param bytes of its messages, sealed; one may be larger
   * @param messages at most
   */
  public record Retention(long bytes, int messages) {}

  /**
   * The line that a channel's positions are in. Immutable.
   *
   * @param last position of the newest message; of offset 0: there never was one
   */
  public record Line(List<Span> spans, ChannelPosition last) {
    /**
     * Offsets up to {@code end} count in this epoch.
     *
     * @param end of the newest message in it
     */
    public record Span(String epoch, long end) {}

    /** Of a channel that is not known. */
    static final Line NONE = new Line(List.of(), new ChannelPosition("", 0));

    /** Whether a position names what this channel had there, and nothing else. */
    public boolean holds(ChannelPosition position) {
      for (Span span : spans) {
        if (span.epoch().equals(position.epoch())) {
          return position.offset() <= span.end();
        }
      }
      return false;
    }
  }

  /**
   * A part of a channel's history.
   *
   * @param from offset of the message before the first one
   */
  public record Part(Line line, long from, List<Message> messages) {}

  /** News of a message; sealed as it came. */
  public record News(ChannelKey key, ChannelPosition at, long millis, byte[] sealed) {}

  /** Is told of messages, on a thread of the grid that must not wait. */
  public interface Listener {
    void news(News news);
  }

  /**
   * Appends a message, and tells all gateways.
   *
   * @param id by which it is known if it is appended twice, as of {@link ConnectionTable#newId}
   * @return its position
   * @throws HeddleException LIMIT_REACHED where there is no room for it, UNAVAILABLE where nobody
   *     knows whether it was appended
   */
  public ChannelPosition append(
      ChannelKey key, long id, boolean binary, byte[] bytes, Retention retention, Instant now) {
    byte[] plain = new byte[bytes.length + 1];
    plain[0] = (byte) (binary ? 1 : 0);
    System.arraycopy(bytes, 0, plain, 1, bytes.length);
    byte[] sealed = cipher.seal(key.tenant(), place(key), MESSAGE, plain);
    var append =
        new Step.Append(id, now.toEpochMilli(), sealed, retention.bytes(), retention.messages(), 0);
    Result result = step(key, append);
    var at = new ChannelPosition(result.items().getFirst().epoch(), result.from());
    tell(new News(key, at, now.toEpochMilli(), sealed));
    return at;
  }

  /** News may be lost: whoever listens looks by itself now and then. */
  private void tell(News news) {
    try {
      var _ =
          grid.news(shard(news.key()))
              .publishAsync(encode(news))
              .exceptionally(failure -> {
                log.info("gateways not told of a message error={}", failure.toString());
                return null;
              });
    } catch (RuntimeException e) {
      log.info("gateways not told of a message error={}", e.toString());
    }
  }

  /**
   * Reads messages after an offset; makes the channel known that is not. One that never had a
   * message is kept for another while.
   *
   * @param mostBytes of them, but for the first
   * @throws HeddleException LIMIT_REACHED for one more channel than there may be
   */
  public Part read(ChannelKey key, long after, long mostBytes) {
    Result result = step(key, new Step.Read(after, mostBytes));
    var messages = new ArrayList<Message>(result.items().size());
    long at = result.from();
    for (Item item : result.items()) {
      at++;
      messages.add(
          message(key, new ChannelPosition(item.epoch(), at), item.millis(), item.sealed()));
    }
    return new Part(line(result), result.from(), messages);
  }

  /** The message that was told of. */
  public Message open(News news) {
    return message(news.key(), news.at(), news.millis(), news.sealed());
  }

  private Message message(ChannelKey key, ChannelPosition at, long millis, byte[] sealed) {
    byte[] plain = cipher.open(key.tenant(), place(key), MESSAGE, sealed);
    return new Message(
        at,
        Instant.ofEpochMilli(millis),
        plain[0] == 1,
        Arrays.copyOfRange(plain, 1, plain.length));
  }

  /**
   * Where channels are; of those that are not known, {@link Line#NONE}.
   *
   * @param keep whether they are not to be forgotten for a while
   */
  public Map<ChannelKey, Line> look(Collection<ChannelKey> keys, boolean keep) {
    var asked = keys.stream().map(ChannelKey::inGrid).collect(Collectors.toSet());
    Map<String, Result> results =
        SessionStore.inGrid(() -> channels.executeOnKeys(asked, step(new Step.Peek(keep))));
    var found = new HashMap<ChannelKey, Line>();
    results.forEach((key, result) -> found.put(ChannelKey.of(key), line(result)));
    return found;
  }

  /** Tells the listener of messages of this channel from now on, and of others. */
  public void listen(ChannelKey key, Listener listener) {
    int shard = shard(key);
    if (heard.compareAndSet(shard, null, true)) {
      try {
        var _ =
            SessionStore.inGrid(() ->
                grid.news(shard)
                    .addMessageListener(told -> listener.news(decode(told.getMessageObject()))));
      } catch (RuntimeException e) {
        heard.set(shard, null);
        throw e;
      }
    }
  }

  private static int shard(ChannelKey key) {
    return Math.floorMod(key.inGrid().hashCode(), SHARDS);
  }

  /** No session has such an id. */
  private static String place(ChannelKey key) {
    return "channel/" + key.name();
  }

  /** Bounds of the channels that this member owns, from now on. */
  public void bounds(ChannelBounds bounds) {
    grid.channelUse().bounds(bounds);
  }

  /** Bytes that the channels take which this member owns, roughly. */
  public long weight() {
    return grid.channelUse().weight();
  }

  /**
   * Counts what the channels weigh that this member owns; where that is near a bound, those that
   * were silent for longest forget their messages.
   */
  public void sweep() {
    ChannelUse use = grid.channelUse();
    use.counting();
    List<String> own = SessionStore.inGrid(() -> new ArrayList<String>(channels.localKeySet()));
    var weighed = new ArrayList<Weighed>(own.size());
    for (int from = 0; from < own.size(); from += BATCH) {
      var batch = new HashSet<>(own.subList(from, Math.min(own.size(), from + BATCH)));
      Map<String, Result> results =
          SessionStore.inGrid(() -> channels.executeOnKeys(batch, step(new Step.Weigh())));
      results.forEach((key, result) -> {
        if (result.weight() > 0) {
          weighed.add(new Weighed(key, result.weight(), result.newestMillis(), result.last() > 0));
        }
      });
    }
    use.counted(weighed);
    List<Weighed> forget = use.toForget(weighed);
    for (Weighed each : forget) {
      var step = step(new Step.Forget(each.newestMillis()));
      var _ = SessionStore.inGrid(() -> channels.executeOnKey(each.key(), step));
    }
    if (!forget.isEmpty()) {
      log.warn("channels forgot their messages, as there is no room count={}", forget.size());
    }
  }

  private Result step(ChannelKey key, Step step) {
    return allowed(SessionStore.inGrid(() -> channels.executeOnKey(key.inGrid(), step(step))));
  }

  private static Result allowed(Result result) {
    if (!result.refusal().isEmpty()) {
      throw new HeddleException(ErrorCode.LIMIT_REACHED, result.refusal());
    }
    return result;
  }

  private static ChannelStep step(Step step) {
    String epoch =
        Long.toString(ThreadLocalRandom.current().nextLong() >>> 24, Character.MAX_RADIX);
    return new ChannelStep(step, epoch, LIVES);
  }

  private static Line line(Result result) {
    if (result.eras().isEmpty()) {
      return Line.NONE;
    }
    var spans = new ArrayList<Line.Span>();
    for (Era era : result.eras()) {
      spans.add(new Line.Span(era.epoch(), era.end()));
    }
    return new Line(
        List.copyOf(spans), new ChannelPosition(spans.getLast().epoch(), result.last()));
  }

  private static byte[] encode(News news) {
    var bytes = new ByteArrayOutputStream(news.sealed().length + 256);
    try (var out = new DataOutputStream(bytes)) {
      out.writeUTF(news.key().inGrid());
      out.writeUTF(news.at().epoch());
      out.writeLong(news.at().offset());
      out.writeLong(news.millis());
      out.writeInt(news.sealed().length);
      out.write(news.sealed());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }

  private static News decode(byte[] bytes) {
    try (var in = new DataInputStream(new ByteArrayInputStream(bytes))) {
      ChannelKey key = ChannelKey.of(in.readUTF());
      var at = new ChannelPosition(in.readUTF(), in.readLong());
      long millis = in.readLong();
      return new News(key, at, millis, in.readNBytes(in.readInt()));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
