package dev.heddle.catalog;

import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.util.List;
import java.util.Optional;
import java.util.random.RandomGenerator;

/**
 * What an alias names: one version, or two that share the calls.
 *
 * @param targets 1..2, each version once
 */
public record FunctionAlias(List<Weighted> targets) {
  private static final int MOST_TARGETS = 2;

  /**
   * One of the versions.
   *
   * @param version its digest
   * @param weight its share is this by the sum of all; 1..1000
   */
  public record Weighted(String version, int weight) {
    private static final int MOST = 1_000;

    public Weighted {
      if (weight < 1 || weight > MOST) {
        throw invalid("weight of " + version + ": " + weight + " (expected: 1.." + MOST + ")");
      }
    }
  }

  public FunctionAlias {
    targets = List.copyOf(targets);
    if (targets.isEmpty() || targets.size() > MOST_TARGETS) {
      throw invalid("alias: " + targets.size() + " versions (expected: 1.." + MOST_TARGETS + ")");
    }
    if (targets.stream().map(Weighted::version).distinct().count() != targets.size()) {
      throw invalid(
          "alias: " + targets.getFirst().version() + " twice (expected: every version once)");
    }
  }

  /** An alias of one version. */
  public static FunctionAlias to(String digest) {
    return new FunctionAlias(List.of(new Weighted(digest, 1)));
  }

  /** The version, where there is only one. */
  public Optional<String> single() {
    return targets.size() == 1 ? Optional.of(targets.getFirst().version()) : Optional.empty();
  }

  public boolean names(String digest) {
    return targets.stream().anyMatch(target -> target.version().equals(digest));
  }

  /** One of the versions, by their weights. */
  public String choose(RandomGenerator random) {
    var first = targets.getFirst();
    if (targets.size() == 1) {
      return first.version();
    }
    var second = targets.getLast();
    return random.nextInt(first.weight() + second.weight()) < first.weight()
        ? first.version()
        : second.version();
  }

  private static HeddleException invalid(String message) {
    return new HeddleException(ErrorCode.INVALID_FUNCTION, message);
  }
}
