package dev.heddle.loadtest.measure;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/** The systems that experiments can compare with: all that the command line knows of them. */
public enum Peer {
  OPENSEARCH(
      "opensearch",
      "OpenSearch 3.8.0, one node in a JVM of its own",
      "Maven Central must be reachable, once (150 MB), and this Java a JDK",
      false,
      "query"),
  FUNCTIONS_FRAMEWORK(
      "functions-framework",
      "Google's functions framework for Java 2.0.0",
      "Maven Central must be reachable, once, and this Java a JDK",
      true,
      "invoke",
      "elasticity"),
  WORKERD(
      "workerd",
      "Cloudflare's workerd 1.20261117.1",
      "node and npm must be installed, and the npm registry reachable, once",
      false,
      "elasticity"),
  JETTY(
      "jetty",
      "a bare Jetty 12.1 with virtual threads",
      "nothing",
      true,
      "elasticity",
      "idle",
      "echo",
      "longpoll",
      "fanout"),
  NETTY("netty", "a bare Netty 4.2", "nothing", true, "idle", "echo", "fanout"),
  WS(
      "ws",
      "the package ws 8.23.0 on node",
      "node and npm must be installed, and the npm registry reachable, once",
      false,
      "idle",
      "echo",
      "fanout"),
  NCHAN(
      "nchan",
      "nginx with nchan, one worker",
      "Debian's packages nginx and libnginx-mod-nchan",
      false,
      "idle",
      "echo",
      "longpoll",
      "fanout");

  private final String label;
  private final String about;
  private final String needs;
  private final boolean unlessSaid;
  private final String experiments;

  Peer(String label, String about, String needs, boolean unlessSaid, String... experiments) {
    this.label = label;
    this.about = about;
    this.needs = needs;
    this.unlessSaid = unlessSaid;
    this.experiments = String.join(" ", experiments);
  }

  /** Its name on the command line. */
  public String label() {
    return label;
  }

  public String about() {
    return about;
  }

  /** What must be there to have it. */
  public String needs() {
    return needs;
  }

  /** Whether it takes part where nobody says which peers do. */
  public boolean unlessSaid() {
    return unlessSaid;
  }

  /** Those that compare with it. */
  public List<String> experiments() {
    return List.of(experiments.split(" "));
  }

  static Optional<Peer> named(String label) {
    return Arrays.stream(values()).filter(peer -> peer.label.equals(label)).findFirst();
  }

  static String labels() {
    return Arrays.stream(values()).map(Peer::label).collect(Collectors.joining(", "));
  }
}
