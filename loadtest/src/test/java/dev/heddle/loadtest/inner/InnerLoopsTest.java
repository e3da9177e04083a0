package dev.heddle.loadtest.inner;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.shard.ReadLevel;
import java.nio.ByteBuffer;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The benchmarks do what they are named after; how fast is not asked here. */
class InnerLoopsTest {
  @Test
  void partialsOfTheSearchSurviveTheirCodec() {
    for (int terms : List.of(0, 10, 1_000)) {
      var benchmark = new SearchCodecBenchmark();
      benchmark.hits = 10;
      benchmark.terms = terms;
      benchmark.prepare();
      var search = new SearchPartials(10, terms);
      assertArrayEquals(benchmark.encode(), search.encode(benchmark.decode()));
    }
  }

  @Test
  void mergedPartialsGrowWithTheirTermsAndNotWithTheirLeaves() {
    assertTrue(merged(3, 1_000).length > merged(3, 10).length);
    var few = merged(3, 0).length;
    var many = merged(32, 0).length;
    assertTrue(Math.abs(many - few) < few / 4, few + " and " + many + " bytes");
  }

  private static byte[] merged(int leaves, int terms) {
    var benchmark = new SearchMergeBenchmark();
    benchmark.hits = 10;
    benchmark.terms = terms;
    benchmark.leaves = leaves;
    benchmark.prepare();
    benchmark.arrive();
    return new SearchPartials(10, terms).encode(benchmark.merge());
  }

  @Test
  void requestsSurviveTheWire() {
    for (var size : QueryWireBenchmark.Size.values()) {
      var benchmark = new QueryWireBenchmark();
      benchmark.size = size;
      benchmark.prepare();
      assertArrayEquals(benchmark.write(), SampleRequestsWire.write(benchmark.read()));
    }
    assertEquals(SampleRequestsWire.page(), SampleRequestsWire.page());
  }

  @Test
  void framesHoldTheirPayloadBehindAHeadForTheFirstClientAndForOthers() {
    for (int bytes : List.of(100, 1_000, 100_000)) {
      var benchmark = new FrameEncodingBenchmark();
      benchmark.bytes = bytes;
      benchmark.prepare();
      int head = bytes <= 125 ? 2 : bytes < 1 << 16 ? 4 : 10;
      for (var buffers : List.of(List.copyOf(benchmark.first()), benchmark.another())) {
        assertEquals(head + bytes, buffers.stream().mapToInt(ByteBuffer::remaining).sum());
        assertEquals((byte) 0x81, buffers.getFirst().get(0), "a text, whole");
      }
    }
  }

  @Test
  void readsWaitForThePositionOfTheLastWrite() throws Exception {
    var benchmark = new TokenWaitBenchmark();
    benchmark.prepare();
    try {
      for (var level : List.of(ReadLevel.SESSION, ReadLevel.LINEARIZABLE)) {
        benchmark.level = level;
        assertTrue(benchmark.passed() > 0, level::toString);
      }
    } finally {
      benchmark.close();
    }
  }
}
