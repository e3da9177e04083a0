package dev.heddle.loadtest.measure;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * CPU time of this process and of the subject's, told apart, from the moment that it was made on.
 * What other processes use is known to some 10 ms.
 */
public final class CpuShare {
  private final List<Long> servers;
  private final long client = ProcessCpu.nanos();
  private final long server;

  /**
   * @param servers ids of the subject's processes
   */
  public CpuShare(List<Long> servers) {
    this.servers = List.copyOf(servers);
    this.server = ProcessCpu.nanos(this.servers);
  }

  /** Figures for each of so many operations since then; none for no operations. */
  public Map<String, Double> per(long operations) {
    var figures = new LinkedHashMap<String, Double>();
    if (operations > 0) {
      figures.put("clientCpuMicros", (ProcessCpu.nanos() - client) / 1e3 / operations);
      figures.put("serverCpuMicros", (ProcessCpu.nanos(servers) - server) / 1e3 / operations);
    }
    return figures;
  }
}
