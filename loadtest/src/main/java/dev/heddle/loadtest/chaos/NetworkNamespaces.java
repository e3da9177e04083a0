package dev.heddle.loadtest.chaos;

import dev.heddle.process.Closer;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Network namespaces of Linux, one for each of some nodes. A bridge joins them, and each can be cut
 * off from it. A link of its own, which is never cut, joins each to this process, so that clients
 * reach nodes that other nodes do not reach. Needs root and {@code ip}. For one thread; {@link
 * #close} removes everything.
 */
public final class NetworkNamespaces implements AutoCloseable {
  private final String name;
  private final int subnet;
  private final Closer closer = new Closer();
  private final AtExit atExit;

  /**
   * @param count namespaces, 1..100
   * @throws dev.heddle.process.HeddleException UNAVAILABLE if they cannot be made; nothing is left
   */
  public NetworkNamespaces(int count) {
    this.name = String.format(Locale.ROOT, "hd%04x", ThreadLocalRandom.current().nextInt(1 << 16));
    this.subnet = ThreadLocalRandom.current().nextInt(64, 250);
    this.atExit = AtExit.run("network-at-exit", closer::close);
    try {
      var bridge = name + "b";
      SystemTool.run("ip", "link", "add", bridge, "type", "bridge");
      owned("ip", "link", "del", bridge);
      SystemTool.run("ip", "addr", "add", "10." + subnet + ".1.254/24", "dev", bridge);
      SystemTool.run("ip", "link", "set", bridge, "up");
      for (int i = 0; i < count; i++) {
        join(i, bridge);
      }
    } catch (RuntimeException e) {
      closer.closeAfter(e);
      atExit.cancel();
      throw e;
    }
  }

  /** Why there can be none here; empty: there can. */
  public static Optional<String> missing() {
    try (var _ = new NetworkNamespaces(1)) {
      return Optional.empty();
    } catch (RuntimeException e) {
      return Optional.of("no network namespaces: " + e.getMessage());
    }
  }

  private void join(int node, String bridge) {
    var namespace = namespace(node);
    SystemTool.run("ip", "netns", "add", namespace);
    owned("ip", "netns", "del", namespace);
    SystemTool.run("ip", "-n", namespace, "link", "set", "lo", "up");
    link(namespace, port(node), "data0", host(node));
    SystemTool.run("ip", "link", "set", port(node), "master", bridge);
    var control = name + "c" + node;
    link(namespace, control, "open0", openHost(node));
    SystemTool.run(
        "ip", "addr", "add", "10.%d.%d.254/24".formatted(subnet, 100 + node), "dev", control);
  }

  /** A pair of interfaces, one of them in the namespace. */
  private void link(String namespace, String outside, String inside, String address) {
    SystemTool.run(
        "ip", "link", "add", outside, "type", "veth", "peer", "name", inside, "netns", namespace);
    owned("ip", "link", "del", outside);
    SystemTool.run("ip", "-n", namespace, "addr", "add", address + "/24", "dev", inside);
    SystemTool.run("ip", "-n", namespace, "link", "set", inside, "up");
    SystemTool.run("ip", "link", "set", outside, "up");
  }

  private void owned(String... removal) {
    closer.register(String.join(" ", removal), () -> SystemTool.run(removal));
  }

  private String namespace(int node) {
    return name + "-" + node;
  }

  private String port(int node) {
    return name + "d" + node;
  }

  /** Address of a node for other nodes. */
  public String host(int node) {
    return "10." + subnet + ".1." + (node + 1);
  }

  /** Address of a node for clients in this process. */
  public String openHost(int node) {
    return "10.%d.%d.1".formatted(subnet, 100 + node);
  }

  /** What runs a process in a node's namespace. */
  public List<String> wrapper(int node) {
    return List.of("ip", "netns", "exec", namespace(node));
  }

  /** No other node reaches this one any more; packets vanish without a word. */
  public void cut(int node) {
    SystemTool.run("ip", "link", "set", port(node), "down");
  }

  /** Undoes {@link #cut}. */
  public void heal(int node) {
    SystemTool.run("ip", "link", "set", port(node), "up");
  }

  @Override
  public void close() {
    closer.close();
    atExit.cancel();
  }
}
