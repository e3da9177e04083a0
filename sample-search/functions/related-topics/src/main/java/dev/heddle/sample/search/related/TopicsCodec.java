package dev.heddle.sample.search.related;

import dev.heddle.function.Binary;
import dev.heddle.function.Codec;
import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Writes each topic once; documents refer to topics by number. */
final class TopicsCodec implements Codec<TopicsPartial> {
  static final TopicsCodec INSTANCE = new TopicsCodec();

  private static final int MAX_COUNT = 1_000_000;
  private static final int MAX_TEXT_BYTES = 64 * 1024;

  private TopicsCodec() {}

  @Override
  public void write(TopicsPartial partial, DataOutput out) throws IOException {
    var numbers = numbers(partial);
    Binary.writeUnsigned(partial.limit(), out);
    Binary.writeUnsigned(numbers.size(), out);
    for (var topic : numbers.keySet()) {
      Binary.writeString(topic, out);
      Binary.writeUnsigned(partial.background(topic).count(), out);
      Binary.writeUnsigned(partial.background(topic).documents(), out);
    }
    Binary.writeUnsigned(partial.best().size(), out);
    for (var found : partial.best()) {
      Binary.writeString(found.id(), out);
      out.writeFloat(found.score());
      Binary.writeUnsigned(found.topics().size(), out);
      for (var topic : found.topics()) {
        Binary.writeUnsigned(numbers.getOrDefault(topic, 0), out);
      }
    }
  }

  /** Topics in the order in which they are written. */
  private static Map<String, Integer> numbers(TopicsPartial partial) {
    var numbers = new LinkedHashMap<String, Integer>();
    partial.backgrounds().keySet().forEach(topic -> numbers.putIfAbsent(topic, numbers.size()));
    for (var found : partial.best()) {
      found.topics().forEach(topic -> numbers.putIfAbsent(topic, numbers.size()));
    }
    return numbers;
  }

  @Override
  public TopicsPartial read(DataInput in) throws IOException {
    int limit = Binary.readCount(in, MAX_COUNT);
    int count = Binary.readCount(in, MAX_COUNT);
    var topics = new ArrayList<String>();
    var backgrounds = new HashMap<String, TopicsPartial.Background>();
    for (int i = 0; i < count; i++) {
      var topic = Binary.readString(in, MAX_TEXT_BYTES);
      var background =
          new TopicsPartial.Background(Binary.readUnsigned(in), Binary.readUnsigned(in));
      topics.add(topic);
      if (!background.equals(TopicsPartial.Background.UNKNOWN)) {
        backgrounds.put(topic, background);
      }
    }
    int documents = Binary.readCount(in, MAX_COUNT);
    var best = new ArrayList<TopicsPartial.Found>();
    for (int i = 0; i < documents; i++) {
      var id = Binary.readString(in, MAX_TEXT_BYTES);
      best.add(new TopicsPartial.Found(id, in.readFloat(), topics(in, topics)));
    }
    return new TopicsPartial(limit, best, backgrounds);
  }

  private static List<String> topics(DataInput in, List<String> topics) throws IOException {
    int count = Binary.readCount(in, topics.size());
    var some = new ArrayList<String>();
    for (int i = 0; i < count; i++) {
      some.add(topics.get(Binary.readCount(in, topics.size() - 1)));
    }
    return some;
  }
}
