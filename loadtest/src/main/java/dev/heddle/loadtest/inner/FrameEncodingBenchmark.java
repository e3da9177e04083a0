package dev.heddle.loadtest.inner;

import dev.heddle.gateway.websocket.WireFrame;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** Frames a message for a WebSocket: for its first client, and for each one after many others. */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@State(Scope.Thread)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(2)
public class FrameEncodingBenchmark {
  /** More clients than a frame is kept in the heap for. */
  private static final int MANY = 100;

  /** Bytes of the payload: with each form of the length, and one that is not copied. */
  @Param({"100", "1000", "100000"})
  public int bytes = 100;

  private final List<ByteBuffer> buffers = new ArrayList<>();
  private byte[] payload = {};
  private WireFrame shared = WireFrame.message(payload, false);

  @Setup
  public void prepare() {
    payload = new byte[bytes];
    shared = WireFrame.message(payload, false);
    for (int i = 0; i < MANY; i++) {
      var _ = another();
    }
  }

  @Benchmark
  public List<ByteBuffer> first() {
    buffers.clear();
    WireFrame.message(payload, false).addTo(buffers);
    return buffers;
  }

  @Benchmark
  public List<ByteBuffer> another() {
    buffers.clear();
    shared.addTo(buffers);
    return buffers;
  }
}
