package dev.heddle.loadtest.measure;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * One line of figures in a report: the times of some operations and what goes with them.
 *
 * @param name unique within the experiment, like {@code run 1}; repetitions of the same end with
 *     {@code run N}
 * @param figures by name with its unit last, in order of display; {@code clientCpuMicros} and
 *     {@code serverCpuMicros} are CPU time for each operation, where known
 * @param completions when operations ended; empty: nobody noted it
 */
public record Series(
    String name, LatencyRecorder latency, Map<String, Double> figures, Timeline completions) {
  public Series {
    figures = Collections.unmodifiableMap(new LinkedHashMap<>(figures));
  }

  public Series(String name, LatencyRecorder latency, Map<String, Double> figures) {
    this(name, latency, figures, new Timeline());
  }
}
