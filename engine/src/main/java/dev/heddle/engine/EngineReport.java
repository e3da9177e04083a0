package dev.heddle.engine;

import java.util.List;

/**
 * Where this engine is warm, and how busy: what a scheduler wants to know.
 *
 * @param warm versions whose code is loaded, sorted
 * @param running invocations that hold a thread, waiting ones among them
 * @param queued invocations that wait for room
 */
public record EngineReport(List<WarmVersion> warm, int running, int queued) {
  public EngineReport {
    warm = List.copyOf(warm);
  }

  /**
   * A version whose code is loaded.
   *
   * @param idle sandboxes that could take an event at once
   */
  public record WarmVersion(String tenant, String version, int idle) {}
}
