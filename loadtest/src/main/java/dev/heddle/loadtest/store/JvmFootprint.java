package dev.heddle.loadtest.store;

import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/**
 * What a Java process takes, as its JVM tells {@code jcmd}. The process has to run with {@code
 * -XX:NativeMemoryTracking=summary}.
 *
 * @param heapKib that objects take after a garbage collection
 * @param heapCommittedKib that the heap has from the system
 * @param directKib that is allocated outside of the heap for buffers
 */
public record JvmFootprint(long threads, long heapKib, long heapCommittedKib, long directKib) {
  private static final Pattern USED = Pattern.compile("total +\\d+K, used (\\d+)K");
  private static final Pattern HEAP = Pattern.compile("Java Heap \\(.*committed=(\\d+)KB");
  private static final Pattern OTHER = Pattern.compile("Other \\(.*committed=(\\d+)KB");
  private static final Pattern TOTAL = Pattern.compile("(?m)^Total\\s+\\d+\\s+(\\d+)");
  private static final Pattern FILLERS =
      Pattern.compile("(?m)^\\s*\\d+:\\s+\\d+\\s+(\\d+)\\s+\\S*jdk\\.internal\\.vm\\.Filler");
  private static final Pattern RSS = Pattern.compile("(?m)^VmRSS:\\s+(\\d+) kB");
  private static final Pattern THREADS = Pattern.compile("(?m)^Threads:\\s+(\\d+)");

  /** The reachable objects by class, as text with the total in its last line. */
  public static String histogram(long pid) {
    var _ = jcmd(pid, "GC.run");
    return jcmd(pid, "GC.class_histogram");
  }

  /** Bytes of all objects of a {@link #histogram}, but those that a collector fills gaps with. */
  public static long total(String histogram) {
    long fillers =
        FILLERS.matcher(histogram).results().mapToLong(hit -> Long.parseLong(hit.group(1))).sum();
    return first(TOTAL, histogram) - fillers;
  }

  /** KiB of the process that are in memory. */
  public static long rssKib(long pid) {
    return first(RSS, status(pid));
  }

  /** Collects garbage first. */
  static JvmFootprint of(long pid) {
    var _ = jcmd(pid, "GC.run");
    return parse(jcmd(pid, "GC.heap_info"), jcmd(pid, "VM.native_memory", "summary"), status(pid));
  }

  /**
   * @param heap answer to {@code GC.heap_info}
   * @param memory answer to {@code VM.native_memory summary}
   * @param status of {@code /proc}
   */
  static JvmFootprint parse(String heap, String memory, String status) {
    return new JvmFootprint(
        first(THREADS, status), used(heap), first(HEAP, memory), first(OTHER, memory));
  }

  private static long used(String heap) {
    var _ = first(USED, heap);
    return USED.matcher(heap).results().mapToLong(hit -> Long.parseLong(hit.group(1))).sum();
  }

  private static long first(Pattern pattern, String text) {
    var hit = pattern.matcher(text);
    if (!hit.find()) {
      throw new HeddleException(
          ErrorCode.UNAVAILABLE, "footprint: no " + pattern + " (expected: in what jcmd says)");
    }
    return Long.parseLong(hit.group(1));
  }

  private static String jcmd(long pid, String... command) {
    var all = new ArrayList<String>();
    all.add(Path.of(System.getProperty("java.home"), "bin", "jcmd").toString());
    all.add(Long.toString(pid));
    all.addAll(List.of(command));
    try {
      var process = new ProcessBuilder(all).redirectErrorStream(true).start();
      var output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      process.onExit().join();
      return output;
    } catch (IOException e) {
      throw new HeddleException(ErrorCode.UNAVAILABLE, "jcmd: " + e, e);
    }
  }

  private static String status(long pid) {
    try {
      return Files.readString(Path.of("/proc", Long.toString(pid), "status"));
    } catch (IOException e) {
      throw new HeddleException(ErrorCode.UNAVAILABLE, "process " + pid + ": " + e, e);
    }
  }

  /** Heap as it was got from the system, and buffers outside of it. */
  double heapAndDirectMib() {
    return (heapCommittedKib + directKib) / 1_024.0;
  }
}
