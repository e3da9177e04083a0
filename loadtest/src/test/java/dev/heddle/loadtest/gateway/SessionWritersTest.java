package dev.heddle.loadtest.gateway;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class SessionWritersTest {
  private static final List<String> SESSIONS = List.of("one", "two");

  /** Attributes in memory; of acknowledged changes, one is not made. */
  private static final class Memory implements Attributes {
    private final Map<String, Map<String, String>> sessions = new TreeMap<>();
    private final long forgets;
    private final String of;
    private long changes;

    /**
     * @param forgets the change of that number, from 1 on; 0: none
     * @param of attributes whose names begin so are counted
     */
    Memory(long forgets, String of) {
      this.forgets = forgets;
      this.of = of;
    }

    @Override
    public synchronized boolean change(
        String session, String name, Optional<String> expected, String value) {
      var attributes = sessions.computeIfAbsent(session, _ -> new TreeMap<>());
      if (!Optional.ofNullable(attributes.get(name)).equals(expected)) {
        return false;
      }
      if (!name.startsWith(of) || ++changes != forgets) {
        attributes.put(name, value);
      }
      return true;
    }

    @Override
    public synchronized void put(String session, String name, String value) {
      sessions.computeIfAbsent(session, _ -> new TreeMap<>()).put(name, value);
    }

    @Override
    public synchronized Map<String, String> get(String session, String... names) {
      return Map.copyOf(sessions.getOrDefault(session, Map.of()));
    }
  }

  private static SessionWriters writers(Memory memory) {
    return new SessionWriters(List.of(memory, memory), SESSIONS, 6);
  }

  @Test
  void whereNothingIsLostAllWritesAreThere() {
    var memory = new Memory(0, "");
    var writers = writers(memory);
    writers.write(1_000);
    writers.audit();

    assertEquals(List.of(), writers.failures());
    assertEquals(1_000, writers.written());
    assertEquals(0, writers.lost());
    var sum = new AtomicLong();
    for (var session : SESSIONS) {
      memory.get(session).values().forEach(each -> sum.addAndGet(Long.parseLong(each)));
    }
    assertEquals(1_000, sum.get());
  }

  @Test
  void aLostWriteOfALaneIsFoundByItsNextOne() {
    var writers = writers(new Memory(50, "lane"));
    writers.write(1_000);
    writers.audit();

    assertTrue(writers.lost() >= 1);
    assertTrue(writers.failures().getFirst().contains("is gone from its attribute"));
  }

  @Test
  void aLostWriteOfASharedAttributeIsFoundByTheAudit() {
    var writers = writers(new Memory(50, "shared"));
    writers.write(1_000);
    writers.audit();

    // At either gateway.
    assertEquals(2, writers.lost());
    assertEquals(1_000, writers.written());
  }
}
