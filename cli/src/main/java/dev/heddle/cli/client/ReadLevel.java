package dev.heddle.cli.client;

import java.util.Locale;

/** What a read has to see. */
public enum ReadLevel {
  /** What some replica has: quick, and possibly not the newest. */
  ANY,
  /** At least what a position token names: one's own writes and earlier reads. */
  SESSION,
  /** Every write that was acknowledged before the read began. */
  LINEARIZABLE;

  /** As it stands in queries. */
  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
