package dev.heddle.catalog;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.catalog.PositionToken.Position;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.RequestContext;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class PositionTokenTest {
  private static final long SEED = 20_261_121;

  private final Random random = new Random(SEED);
  private final DatasetRecord books = dataset("books", 4);

  private DatasetRecord dataset(String name, int shards) {
    List<ShardPlacement> placements = new ArrayList<>();
    for (int shard = 0; shard < shards; shard++) {
      placements.add(new ShardPlacement(shard, 1, uuid(), List.of("a")));
    }
    var schema = Schema.of(List.of(Field.text("title", "", 1)));
    return new DatasetRecord("default", name, uuid(), schema, 1, 1, placements, Instant.EPOCH);
  }

  private String uuid() {
    return new UUID(random.nextLong(), random.nextLong()).toString();
  }

  private static Position at(DatasetRecord dataset, int shard, long index) {
    return new Position(shard, dataset.shards().get(shard).incarnation(), index);
  }

  private static PositionToken with(
      PositionToken token, DatasetRecord dataset, int shard, long index) {
    return token.with(dataset, List.of(at(dataset, shard, index)));
  }

  private static PositionToken again(PositionToken token) {
    return PositionToken.parse(token.toString());
  }

  private static void refused(ErrorCode code, org.junit.jupiter.api.function.Executable body) {
    assertEquals(code, assertThrows(HeddleException.class, body).code());
  }

  @Test
  void theEmptyTokenIsTheEmptyText() {
    assertEquals("", PositionToken.EMPTY.toString());
    assertTrue(PositionToken.parse("").isEmpty());
    assertEquals(List.of(), PositionToken.EMPTY.of(books));
  }

  @Test
  void comesBackFromItsText() {
    var films = dataset("films", 2);
    var token = with(with(with(PositionToken.EMPTY, books, 3, 7), books, 0, 1), films, 1, 1L << 62);
    var read = again(token);
    assertEquals(List.of(at(books, 0, 1), at(books, 3, 7)), read.of(books));
    assertEquals(List.of(at(films, 1, 1L << 62)), read.of(films));
    assertEquals(token.toString(), read.toString());
    assertTrue(token.toString().matches("[A-Za-z0-9_-]+"), token.toString());
    assertFalse(read.mayLack(books));
  }

  @Test
  void onlyRises() {
    var token = with(PositionToken.EMPTY, books, 1, 10);
    assertSame(token, with(token, books, 1, 9));
    assertSame(token, with(token, books, 1, 10));
    assertSame(token, with(token, books, 2, 0));
    assertEquals(List.of(at(books, 1, 11)), with(token, books, 1, 11).of(books));
  }

  @Test
  void aMergeHasTheHigherOfBoth() {
    for (int round = 0; round < 200; round++) {
      Map<Integer, Long> expected = new HashMap<>();
      PositionToken[] tokens = {PositionToken.EMPTY, PositionToken.EMPTY};
      for (int i = 0; i < 8; i++) {
        int shard = random.nextInt(4);
        long index = 1L + random.nextInt(5);
        int which = random.nextInt(2);
        tokens[which] = with(tokens[which], books, shard, index);
        expected.merge(shard, index, Math::max);
      }
      List<Position> positions =
          expected.entrySet().stream()
              .sorted(Map.Entry.comparingByKey())
              .map(e -> at(books, e.getKey(), e.getValue()))
              .toList();
      assertEquals(positions, again(tokens[0].merge(tokens[1])).of(books), "seed " + SEED);
      assertEquals(positions, again(tokens[1].merge(tokens[0])).of(books), "seed " + SEED);
    }
  }

  @Test
  void severalPositionsOfAShardCountAsTheHighest() {
    var token =
        PositionToken.EMPTY.with(books, List.of(at(books, 2, 5), at(books, 2, 9), at(books, 2, 7)));
    assertEquals(List.of(at(books, 2, 9)), token.of(books));
  }

  @Test
  void aLaterIncarnationReplacesTheEarlier() {
    var old = PositionToken.EMPTY.with(books, 1, "earlier", 1_000);
    refused(ErrorCode.POSITION_LOST, () -> again(old).of(books));
    assertEquals(List.of(at(books, 1, 3)), with(old, books, 1, 3).of(books));
    var fresh = with(PositionToken.EMPTY, books, 1, 3);
    assertEquals(List.of(at(books, 1, 3)), old.merge(fresh).of(books));
  }

  @Test
  void aDatasetThatWasRecreatedHasLostItsPositions() {
    var token = with(PositionToken.EMPTY, books, 0, 5);
    var recreated = dataset("books", 4);
    refused(ErrorCode.POSITION_LOST, () -> token.of(recreated));
    refused(ErrorCode.POSITION_LOST, () -> with(token, recreated, 0, 1).of(recreated));
    assertEquals(List.of(), token.of(dataset("films", 4)));
  }

  @Test
  void aDatasetOfTheLargestSizeFits() {
    var huge = dataset("huge", DatasetRecord.MOST_SHARDS);
    List<Position> positions = new ArrayList<>();
    for (int shard = 0; shard < DatasetRecord.MOST_SHARDS; shard++) {
      positions.add(at(huge, shard, 1L << 34));
    }
    var token = again(PositionToken.EMPTY.with(huge, positions));
    assertEquals(positions, token.of(huge));
    assertFalse(token.mayLack(huge));
  }

  @Test
  void atTheLimitItForgetsWhatWasRaisedLongestAgoAndSaysSo() {
    List<DatasetRecord> all = new ArrayList<>();
    var token = PositionToken.EMPTY;
    for (int i = 0; i < 200; i++) {
      var dataset = dataset("d" + i, 24);
      all.add(dataset);
      for (int shard = 0; shard < 24; shard++) {
        token = with(token, dataset, shard, 1_000_000);
      }
      token = with(token, all.getFirst(), 0, 1_000_001 + i);
      assertTrue(token.toString().length() <= RequestContext.LONGEST_POSITION);
    }
    token = again(token);
    assertFalse(token.mayLack(all.getFirst()), "it was raised all the time");
    assertEquals(24, token.of(all.getFirst()).size());
    assertTrue(token.mayLack(all.get(1)));
    assertEquals(List.of(), token.of(all.get(1)));
    assertTrue(token.mayLack(dataset("never-met", 1)), "it cannot know");
    assertTrue(token.mayLack(all.getLast()), "it may have forgotten it before");
    assertEquals(24, token.of(all.getLast()).size());
  }

  @Test
  void whatOneHasForgottenTheOtherCannotVouchFor() {
    var forgetful = PositionToken.within(List.of(), true);
    var token = with(PositionToken.EMPTY, books, 0, 5);
    for (var both : List.of(token.merge(forgetful), forgetful.merge(token))) {
      assertEquals(List.of(at(books, 0, 5)), again(both).of(books));
      assertTrue(again(both).mayLack(books));
    }
    assertFalse(forgetful.isEmpty());
    assertTrue(again(forgetful).mayLack(books));
  }

  @Test
  void refusesWhatIsNoToken() {
    refused(
        ErrorCode.INVALID_REQUEST,
        () -> PositionToken.parse("A".repeat(RequestContext.LONGEST_POSITION + 1)));
    for (String text : List.of("!", "A", "AQ", "AgA", "AQI", "AQAA", "=", "AQAAAA==", "ä")) {
      refused(ErrorCode.INVALID_REQUEST, () -> PositionToken.parse(text));
    }
  }

  @Test
  void whateverItIsGivenItReadsOrRefuses() {
    byte[] good =
        Base64.getUrlDecoder()
            .decode(with(with(PositionToken.EMPTY, books, 0, 5), books, 2, 300).toString());
    for (int round = 0; round < 20_000; round++) {
      byte[] bytes = Arrays.copyOf(good, random.nextInt(good.length + 8));
      for (int flips = random.nextInt(4); flips > 0 && bytes.length > 0; flips--) {
        bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
      }
      String text = Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
      try {
        var token = PositionToken.parse(text);
        assertEquals(text, token.toString(), "seed " + SEED);
      } catch (HeddleException e) {
        assertEquals(ErrorCode.INVALID_REQUEST, e.code(), "seed " + SEED);
      }
    }
  }
}
