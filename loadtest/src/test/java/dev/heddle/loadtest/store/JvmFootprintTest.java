package dev.heddle.loadtest.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.process.HeddleException;
import org.junit.jupiter.api.Test;

class JvmFootprintTest {
  private static final String HEAP =
      """
      4711:
       DefNew     total 39296K, used 1234K [0x00000000e0000000, 0x0000000)
        eden space 34944K,   3% used [0x00000000e0000000, 0x00000000e0134b30)
       Tenured    total 87424K, used 45678K [0x00000000eaaa0000, 0x00000000effff000)
       Metaspace       used 66031K, committed 66880K, reserved 1114112K
      """;

  private static final String MEMORY =
      """
      4711:

      Native Memory Tracking:

      Total: reserved=1954321KB, committed=345678KB
      -                 Java Heap (reserved=409600KB, committed=126720KB)
                                  (mmap: reserved=409600KB, committed=126720KB, peak=130000KB)
      -                     Other (reserved=34567KB, committed=34567KB)
                                  (malloc=34567KB #123) (peak=40000KB #150)
      """;

  @Test
  void addsUpWhatTheJvmTells() {
    var footprint = JvmFootprint.parse(HEAP, MEMORY, "Name:\tjava\nThreads:\t87\n");

    assertEquals(new JvmFootprint(87, 46_912, 126_720, 34_567), footprint);
    assertEquals(157.5, footprint.heapAndDirectMib(), 0.1);
  }

  @Test
  void saysWhatItLacks() {
    var refusal =
        assertThrows(
            HeddleException.class,
            () -> JvmFootprint.parse(HEAP, "Native memory tracking is not enabled", "Threads:\t1"));

    assertTrue(refusal.getMessage().contains("Java Heap"), refusal::getMessage);
  }

  @Test
  void whatACollectorFillsGapsWithIsNoObject() {
    assertEquals(
        1_100,
        JvmFootprint.total(
            """
             num     #instances         #bytes  class name (module)
            -------------------------------------------------------
               1:            10           1000  [B (java.base@25)
               2:             3            640  [Ljdk.internal.vm.FillerElement; (java.base@25)
               3:             2            100  java.lang.String (java.base@25)
               4:             1             16  jdk.internal.vm.FillerObject (java.base@25)
            Total            16           1756
            """));
  }
}
