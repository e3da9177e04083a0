package dev.heddle.loadtest.chaos;

import dev.heddle.loadtest.chaos.NemesisStep.Action;
import dev.heddle.loadtest.chaos.NemesisStep.Target;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** What the nemesis will do, from a seed: the same options make the same plan. */
public record NemesisPlan(List<NemesisStep> steps) {
  /** The whole cluster, once in so many kills. */
  private static final int ALL = 20;

  public NemesisPlan {
    steps = List.copyOf(steps);
  }

  static NemesisPlan of(ChaosOptions options) {
    var random = new Random(options.seed());
    var steps = new ArrayList<NemesisStep>();
    int nodes = options.leaves() + options.coordinators();
    for (int kills = 0; kills < options.kills(); ) {
      boolean pause = options.pauses() && random.nextInt(5) == 0;
      boolean calm = random.nextInt(10) < 6;
      var wait = millis(random, 200, calm ? 1_500 : 4_000);
      if (pause) {
        var target = random.nextBoolean() ? leader(random, options) : node(random, nodes);
        steps.add(new NemesisStep(calm, wait, Action.PAUSE, target, millis(random, 300, 6_000)));
        continue;
      }
      kills++;
      Target target =
          kills % ALL == ALL / 2
              ? new Target.Everyone()
              : random.nextInt(5) < 3 ? leader(random, options) : node(random, nodes);
      boolean away = options.moving() && random.nextInt(4) == 0;
      var down = away ? millis(random, 8_000, 16_000) : millis(random, 0, 4_000);
      steps.add(new NemesisStep(calm, wait, Action.KILL, target, down));
    }
    return new NemesisPlan(steps);
  }

  private static Target leader(Random random, ChaosOptions options) {
    return new Target.Leader(random.nextInt(options.shards()));
  }

  private static Target node(Random random, int nodes) {
    return new Target.Node(random.nextInt(nodes));
  }

  private static Duration millis(Random random, int least, int most) {
    return Duration.ofMillis(least + random.nextInt(most - least));
  }
}
