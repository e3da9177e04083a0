package dev.heddle.shard;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class WriteSharesTest {
  private final WriteShares shares = new WriteShares(2, 10);

  @Test
  void aShardHasItsShareAndLeavesTheOthersTheirs() {
    assertTrue(shares.tryTake("a", 1));
    assertTrue(shares.tryTake("a", 1));
    assertFalse(shares.tryTake("a", 1));
    assertTrue(shares.tryTake("b", 1));
    shares.giveBack("a", 1);
    assertTrue(shares.tryTake("a", 9));
    assertFalse(shares.tryTake("a", 0));
  }

  @Test
  void bytesCount() {
    assertTrue(shares.tryTake("a", 6));
    assertFalse(shares.tryTake("a", 5));
    assertTrue(shares.tryTake("a", 4));
    shares.giveBack("a", 6);
    shares.giveBack("a", 4);
    assertTrue(shares.tryTake("a", 10));
    assertFalse(shares.tryTake("b", 11));
  }
}
