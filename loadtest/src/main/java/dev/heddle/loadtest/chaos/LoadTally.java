package dev.heddle.loadtest.chaos;

import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;

/** Counts what clients did and what they were told. Safe for any thread. */
final class LoadTally {
  private static final int SHOWN = 10;

  private final LongAdder writes = new LongAdder();
  private final LongAdder reads = new LongAdder();
  private final LongAdder conflicts = new LongAdder();
  private final Map<ErrorCode, LongAdder> errors = new ConcurrentHashMap<>();
  private final AtomicLong wrong = new AtomicLong();
  private final Queue<String> wrongOnes = new ConcurrentLinkedQueue<>();

  void wrote() {
    writes.increment();
  }

  void read() {
    reads.increment();
  }

  void failed(String what, HeddleException error) {
    switch (Certainty.of(error)) {
      case CONFLICT -> conflicts.increment();
      case REFUSED, IN_DOUBT ->
          errors.computeIfAbsent(error.code(), code -> new LongAdder()).increment();
      case WRONG -> {
        if (wrong.incrementAndGet() <= SHOWN) {
          wrongOnes.add(what + ": " + error.code() + ": " + error.getMessage());
        }
      }
    }
  }

  /** Acknowledged ones. */
  long writes() {
    return writes.sum();
  }

  long reads() {
    return reads.sum();
  }

  long conflicts() {
    return conflicts.sum();
  }

  /** Failures by code. */
  Map<ErrorCode, Long> errors() {
    var counts = new EnumMap<ErrorCode, Long>(ErrorCode.class);
    errors.forEach((code, count) -> counts.put(code, count.sum()));
    return counts;
  }

  /** Some of the answers that nobody should ever get. */
  List<String> wrongOnes() {
    return List.copyOf(wrongOnes);
  }

  long wrong() {
    return wrong.get();
  }

  @Override
  public String toString() {
    return "%d writes, %d reads, errors %s".formatted(writes(), reads(), errors());
  }
}
