package dev.heddle.gateway.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.gateway.session.ChannelUse.Weighed;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class ChannelUseTest {
  private static ChannelUse use(long bytes, long tenantBytes) {
    var use = new ChannelUse();
    use.bounds(new ChannelBounds(bytes, tenantBytes, 10, 5));
    return use;
  }

  @Test
  void thereIsRoomForATenantAsLongAsThereIsForAll() {
    ChannelUse use = use(1_000, 600);
    use.add("acme", 500, 1, 0);
    assertEquals(100, use.room("acme"));
    assertEquals(500, use.room("beta"));
    use.add("beta", 450, 1, 0);
    assertEquals(50, use.room("acme"));
    use.add("acme", -400, 0, 0);
    assertEquals(450, use.room("acme"));
    assertEquals(550, use.weight());
  }

  @Test
  void aCountHoldsAndWhatCameMeanwhileIsNotMissing() {
    ChannelUse use = use(1_000, 1_000);
    use.add("acme", 999, 1, 0);
    use.counting();
    use.add("acme", 10, 0, 0);
    use.add("acme", -300, 0, 0);
    use.counted(List.of(new Weighed("beta/a", 100, 1, true)));
    assertEquals(110, use.weight());
    use.counting();
    use.counted(List.of());
    assertEquals(0, use.weight());
  }

  @Test
  void theLongestSilentForgetFirstAndOnlyOfWhoHasTooMuch() {
    ChannelUse use = use(1_000_000, 100_000);
    var channels =
        List.of(
            weighed("acme/old", 40_000, 2),
            weighed("acme/new", 40_000, 3),
            weighed("acme/newer", 15_000, 4),
            weighed("acme/state", 100, 1),
            weighed("acme/none", 0, 0),
            weighed("beta/oldest", 60_000, 1));
    assertEquals(List.of("acme/old"), forgotten(use, channels));
  }

  @Test
  void whatIsSmallIsForgottenWhereThereIsNothingElse() {
    ChannelUse use = use(1_000_000, 20_000);
    var channels =
        List.of(
            weighed("acme/a", 900, 1),
            weighed("acme/b", 900, 2),
            weighed("acme/c", 900, 3),
            weighed("acme/large", 3_000, 4));
    assertEquals(List.of("acme/large", "acme/a"), forgotten(use, channels).subList(0, 2));
  }

  private static Weighed weighed(String key, long content, long newestMillis) {
    return new Weighed(key, ChannelEntry.OWN_WEIGHT + content, newestMillis, newestMillis > 0);
  }

  private static List<String> forgotten(ChannelUse use, List<Weighed> channels) {
    return use.toForget(channels).stream().map(Weighed::key).toList();
  }

  @Test
  void afterwardsThereIsRoomWhateverTheyWere() {
    long seed = new Random().nextLong();
    var random = new Random(seed);
    for (int run = 0; run < 200; run++) {
      ChannelUse use = use(1_000_000, 400_000);
      var channels = new ArrayList<Weighed>();
      for (int i = random.nextInt(200); i > 0; i--) {
        channels.add(
            new Weighed(
                "t" + random.nextInt(6) + "/c" + i,
                ChannelEntry.OWN_WEIGHT + random.nextInt(30_000),
                1 + random.nextInt(1_000),
                true));
      }
      var gone = new HashSet<>(forgotten(use, channels));
      long left = 0;
      for (String tenant : List.of("t0", "t1", "t2", "t3", "t4", "t5")) {
        long own =
            channels.stream()
                .filter(each -> each.tenant().equals(tenant))
                .mapToLong(
                    each -> gone.contains(each.key()) ? ChannelEntry.OWN_WEIGHT : each.weight())
                .sum();
        assertTrue(own <= 360_000, tenant + ": " + own + ", seed " + seed);
        left += own;
      }
      assertTrue(left <= 900_000, left + ", seed " + seed);
    }
  }
}
