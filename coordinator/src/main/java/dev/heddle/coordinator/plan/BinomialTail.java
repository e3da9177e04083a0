package dev.heddle.coordinator.plan;

/** How far a binomial distribution reaches. */
public final class BinomialTail {
  /** What is so much less likely than the likeliest outcome does not count. */
  private static final double NOTHING = 1e-25;

  private BinomialTail() {}

  /**
   * How many of some tries succeed at most, but for a risk: the least {@code n}, not below the
   * likeliest number, with P(X &gt; n) &lt;= risk. Summed outwards from the likeliest number, by
   * the ratio of neighbours, so that nothing underflows; in about as many steps as are likely
   * outcomes.
   *
   * @param tries at least 0
   * @param chance of each, 0..1
   * @param risk above 0; below 1e-12 it is rounded
   */
  public static int atMost(int tries, double chance, double risk) {
    if (chance >= 1) {
      return tries;
    }
    if (chance <= 0) {
      return 0;
    }
    double odds = chance / (1 - chance);
    int mode = (int) Math.min(tries, (tries + 1) * chance);
    double below = 0;
    double weight = 1;
    for (int n = mode; n > 0 && weight > NOTHING; n--) {
      weight *= n / ((tries - n + 1) * odds);
      below += weight;
    }
    double above = 0;
    weight = 1;
    int last = mode;
    while (last < tries && weight > NOTHING) {
      weight *= (tries - last) * odds / (last + 1);
      last++;
      above += weight;
    }
    // From the far end, where small weights add up before they meet large ones.
    double most = risk * (below + 1 + above);
    double beyond = 0;
    for (int n = last; n > mode; n--) {
      beyond += weight;
      if (beyond > most) {
        return n;
      }
      weight *= n / ((tries - n + 1) * odds);
    }
    return mode;
  }
}
