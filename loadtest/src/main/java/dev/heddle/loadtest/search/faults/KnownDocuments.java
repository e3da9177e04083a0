package dev.heddle.loadtest.search.faults;

import dev.heddle.sample.search.Corpus;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;

/**
 * Every document of a dataset, by the shard that it is in.
 *
 * @param shards by their numbers
 */
record KnownDocuments(List<List<One>> shards) {
  static final String NUMBER = "n";
  static final String GROUP = "group";
  static final int GROUPS = 7;
  static final String SCHEMA =
      """
      {"fields": [{"name": "n", "type": "long"}, {"name": "group", "type": "keyword"}]}
      """;

  KnownDocuments {
    shards = shards.stream().map(List::copyOf).toList();
  }

  /**
   * A document.
   *
   * @param number no other has it
   */
  record One(String id, long number, String group) {
    Corpus.Document toLoad() {
      var json = "{\"n\":%d,\"group\":\"%s\"}".formatted(number, group);
      return new Corpus.Document(id, json.getBytes(StandardCharsets.UTF_8));
    }
  }

  /** Documents that the seed fixes. */
  static List<One> make(int count, Random random) {
    var numbers = new ArrayList<>(IntStream.range(0, count).boxed().toList());
    Collections.shuffle(numbers, random);
    return numbers.stream()
        .map(number -> new One("id" + number, number, group(random.nextInt(GROUPS))))
        .toList();
  }

  static String group(int number) {
    return "g" + number;
  }

  int documents() {
    return shards.stream().mapToInt(List::size).sum();
  }

  /** Those of a group in some shards, the largest number first. */
  List<One> of(String group, Collection<Integer> some) {
    return some.stream()
        .flatMap(shard -> shards.get(shard).stream())
        .filter(each -> each.group().equals(group))
        .sorted(Comparator.comparingLong(One::number).reversed())
        .toList();
  }
}
