package dev.heddle.loadtest.measure;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * One line of figures in a report: the times of some operations and what goes with them.
 *
 * @param name unique within the experiment, like {@code run 1}
 * @param figures by name with its unit last, like {@code cpuMicrosPerRequest}, in order of display
 */
public record Series(String name, LatencyRecorder latency, Map<String, Double> figures) {
  public Series {
    figures = Collections.unmodifiableMap(new LinkedHashMap<>(figures));
  }
}
