package dev.heddle.shard;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.process.ErrorCode;
import dev.heddle.shard.RecentRequests.Outcome;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(300)
class RecentRequestsTest {
  private static final UUID CLIENT = new UUID(-1, 2);

  @TempDir Path directory;

  @Test
  void aRepeatGetsTheFirstOutcome() throws IOException {
    try (LocalShards shards = new LocalShards(directory, Things.SCHEMA, 1)) {
      LocalShard shard = shards.shard(0);
      RequestId request = new RequestId(CLIENT, 7);
      assertEquals(Optional.empty(), shard.outcome(request));
      WriteResult first =
          LocalShards.write(
              shard,
              request,
              List.of(
                  new Operation.Put("a", bytes("{}"), OptionalLong.of(0)),
                  new Operation.Delete("b"),
                  new Operation.Put("c", bytes("{"))));
      assertEquals(Optional.of(first), shard.outcome(request));
      shards.put("a", "{\"size\":1}");
      assertEquals(Optional.of(first), shard.outcome(request));
      assertEquals(Optional.empty(), shard.outcome(new RequestId(CLIENT, 8)));
      assertEquals(Optional.empty(), shard.outcome(new RequestId(new UUID(3, 4), 7)));
      shards.shard(0).commit();
    }
    try (LocalShards shards = new LocalShards(directory, Things.SCHEMA, 1)) {
      WriteResult known = shards.shard(0).outcome(new RequestId(CLIENT, 7)).orElseThrow();
      assertEquals(List.of(0, 1), known.results().stream().map(OperationResult::index).toList());
      assertEquals(ErrorCode.MALFORMED_JSON, known.errors().getFirst().code());
    }
  }

  @Test
  void whatIsWrittenIsReadAgain() throws IOException {
    RecentRequests requests = new RecentRequests();
    requests.add(outcome(1, 1_000, error("ä\u0000\uD83C\uDF4E", "why \uD83C not")));
    requests.add(outcome(2, 2_000));
    RecentRequests again = RecentRequests.read(requests.write());
    assertEquals(2, again.size());
    Outcome first = again.find(new RequestId(CLIENT, 1));
    assertNotNull(first);
    assertEquals(101, first.index());
    assertEquals(0, first.writtenMillis());
    assertArrayEquals(new byte[] {'p', 'e'}, first.outcomes());
    assertEquals(List.of(error("ä\u0000\uD83C\uDF4E", "why \uD83C not")), first.errors());
    assertEquals(requests.write(), again.write());
    assertEquals(0, RecentRequests.read("").size());
    assertEquals(0, RecentRequests.read(new RecentRequests().write()).size());
  }

  @Test
  void whatWasNotWrittenHereIsRefused() {
    RecentRequests requests = new RecentRequests();
    requests.add(outcome(1, 1_000, error("id", "why")));
    String text = requests.write();
    assertThrows(IOException.class, () -> RecentRequests.read("not base64!"));
    for (int length = 4; length < text.length() - 4; length += 4) {
      String cut = text.substring(0, length);
      assertThrows(IOException.class, () -> RecentRequests.read(cut), cut);
    }
  }

  @Test
  void outcomesAreForgottenAfterAMinute() {
    RecentRequests requests = new RecentRequests();
    requests.add(outcome(1, 1_000));
    requests.add(outcome(2, 1_001));
    for (int second = 1; second <= 60; second++) {
      requests.add(outcome(2 + second, 1_000 + second * 1_000));
    }
    assertNotNull(requests.find(new RequestId(CLIENT, 1)));
    requests.add(outcome(100, 61_001));
    assertNull(requests.find(new RequestId(CLIENT, 1)));
    assertNotNull(requests.find(new RequestId(CLIENT, 2)));
    assertEquals(62, requests.size());
  }

  @Test
  void aLeaderWhoseClockIsAheadForgetsNoSooner() {
    for (long skew : new long[] {10_000, 3_600_000, -3_600_000, Long.MAX_VALUE / 2}) {
      RecentRequests requests = new RecentRequests();
      long first = 1_000_000;
      requests.add(outcome(0, first));
      // The next leader takes over, and then the first one again.
      for (int second = 1; second <= 50; second++) {
        long clock = first + second * 1_000L + (second > 5 && second < 30 ? skew : 0);
        requests.add(outcome(second, clock));
        if (second == 20) {
          requests = written(requests);
        }
      }
      assertNotNull(requests.find(new RequestId(CLIENT, 0)), "skew " + skew);
    }
  }

  private static RecentRequests written(RecentRequests requests) {
    try {
      return RecentRequests.read(requests.write());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Test
  void timePassesAlikeWhereverTheOutcomesAreReadAgain() {
    RecentRequests requests = new RecentRequests();
    RecentRequests again = new RecentRequests();
    for (int call = 0; call < 500; call++) {
      Outcome outcome = outcome(call, 1_000 + call * 700L % 90_000);
      requests.add(outcome);
      again.add(outcome);
      again = written(again);
      assertEquals(requests.write(), again.write());
    }
  }

  @Test
  void aRequestThatIsDoneAgainAfterThatIsKnownByItsNewOutcome() {
    RecentRequests requests = new RecentRequests();
    requests.add(outcome(1, 1_000));
    for (int second = 1; second <= 60; second++) {
      requests.add(outcome(1 + second, 1_000 + second * 1_000));
    }
    requests.add(new Outcome(new RequestId(CLIENT, 1), 555, 61_001, new byte[] {'p'}, List.of()));
    requests.add(outcome(100, 61_002));
    Outcome known = requests.find(new RequestId(CLIENT, 1));
    assertNotNull(known);
    assertEquals(555, known.index());
  }

  @Test
  void thereAreNoMoreThanSoMany() {
    RecentRequests requests = new RecentRequests();
    assertEquals(60_000, RecentRequests.MOST);
    for (int call = 0; call < RecentRequests.MOST + 10_000; call++) {
      requests.add(outcome(call, 1_000));
    }
    assertNull(requests.find(new RequestId(CLIENT, 9_999)));
    assertNotNull(requests.find(new RequestId(CLIENT, 10_000)), "a thousand a second");
    assertEquals(RecentRequests.MOST, requests.size());
  }

  @Test
  void theyTakeNoMoreThanSoManyBytes() {
    RecentRequests requests = new RecentRequests();
    List<OperationError> errors = Collections.nCopies(1_000, error("id", "x".repeat(400)));
    for (int call = 0; call < 1_000; call++) {
      requests.add(outcome(call, 1_000, errors.toArray(OperationError[]::new)));
    }
    assertTrue(requests.write().length() < 2 * RecentRequests.MOST_BYTES);
    assertTrue(requests.size() > 1, "the last ones are known");
    assertNotNull(requests.find(new RequestId(CLIENT, 999)));
  }

  @Test
  void idsAndMessagesOfAnyLengthDoNotKeepAShardFromItsCommits() throws IOException {
    String name = "n".repeat(100_000);
    try (LocalShards shards = new LocalShards(directory, Things.SCHEMA, 1)) {
      LocalShard shard = shards.shard(0);
      RequestId request = new RequestId(CLIENT, 1);
      LocalShards.write(
          shard,
          request,
          List.of(
              new Operation.Put("a", bytes("{}")),
              new Operation.Delete(name),
              new Operation.Put("b", bytes("{\"" + "f".repeat(40_000) + "\":1}"))));
      shard.commit();
      assertEquals(shard.applied(), shard.committed());
      WriteResult known = shard.outcome(request).orElseThrow();
      assertEquals(2, known.errors().size());
      assertTrue(known.errors().getFirst().id().startsWith("nnn"));
      assertTrue(known.errors().getFirst().id().length() <= 2_000);
      // Nor is the lock held any longer.
      shards.put("c", "{}");
    }
    try (LocalShards shards = new LocalShards(directory, Things.SCHEMA, 1)) {
      assertTrue(shards.shard(0).get("c").isPresent());
    }
  }

  private static OperationError error(String id, String message) {
    return new OperationError(1, id, ErrorCode.VERSION_CONFLICT, message);
  }

  private static Outcome outcome(long call, long millis, OperationError... errors) {
    return new Outcome(
        new RequestId(CLIENT, call), 100 + call, millis, new byte[] {'p', 'e'}, List.of(errors));
  }

  private static byte[] bytes(String json) {
    return json.getBytes(StandardCharsets.UTF_8);
  }
}
