package dev.heddle.loadtest.chaos;

import dev.heddle.loadtest.chaos.NemesisStep.Target;
import dev.heddle.process.Threads;
import dev.heddle.process.Ticker;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Does to a cluster what a plan says, and starts killed nodes again. Driven by one thread; a thread
 * of its own starts nodes.
 */
public final class Nemesis implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(Nemesis.class);

  /** A cluster that is not calm after this long is hit all the same: that will be seen. */
  static final Duration CALM = Duration.ofMinutes(4);

  private final ProcessCluster cluster;
  private final Leaders leaders;
  private final BooleanSupplier writable;
  private final Ticker ticker;
  private final Consumer<String> progress;
  private final ScheduledThreadPoolExecutor restarts =
      new ScheduledThreadPoolExecutor(1, Threads.named("nemesis-restarts"));
  private final List<Fault> faults = new CopyOnWriteArrayList<>();

  /**
   * @param writable whether all shards have taken writes lately
   */
  public Nemesis(
      ProcessCluster cluster,
      Leaders leaders,
      BooleanSupplier writable,
      Ticker ticker,
      Consumer<String> progress) {
    this.cluster = cluster;
    this.leaders = leaders;
    this.writable = writable;
    this.ticker = ticker;
    this.progress = progress;
  }

  /** Everything that was done up to now. For any thread. */
  public List<Fault> faults() {
    return List.copyOf(faults);
  }

  /**
   * Follows the plan to its end, or to that of the time.
   *
   * @return times at which the cluster did not become calm
   */
  public int run(NemesisPlan plan, Duration longest) throws InterruptedException {
    long start = ticker.nanoTime();
    int unrest = 0;
    for (var step : plan.steps()) {
      if (ticker.nanoTime() - start > longest.toNanos()) {
        progress.accept("time is over");
        break;
      }
      if (step.calm() && !Pacing.await(CALM, ticker, this::calm)) {
        unrest++;
        progress.accept("not calm after " + CALM.toSeconds() + " s");
      }
      Pacing.pause(step.delay(), ticker, () -> false);
      act(step);
    }
    return unrest;
  }

  private boolean calm() {
    return cluster.layout().nodes().stream().allMatch(node -> cluster.serves(node.node()))
        && writable.getAsBoolean();
  }

  private void act(NemesisStep step) throws InterruptedException {
    var leading = leading(step);
    var names = hit(step.target(), leading);
    Set<Integer> led = new HashSet<>();
    leading.forEach((shard, replica) -> {
      if (names.contains(replica.node())) {
        led.add(shard);
      }
    });
    boolean leaf = cluster.layout().leaves().anyMatch(each -> names.contains(each.node()));
    var fault = new Fault(step, names, led, leaf, ticker.nanoTime());
    faults.add(fault);
    progress.accept(
        "%d/%s: %s %s (led %s)".formatted(faults.size(), step.action(), step.target(), names, led));
    for (var name : names) {
      switch (step.action()) {
        case KILL -> kill(name, step.time());
        case PAUSE -> {
          var _ = cluster.pause(name, step.time());
        }
      }
    }
  }

  /**
   * Who leads what. Of a calm cluster somebody does: where a leaf does not answer in time, it is
   * asked again.
   */
  private Map<Integer, ReplicaView> leading(NemesisStep step) throws InterruptedException {
    var leading = new AtomicReference<>(leaders.leaders());
    if (step.calm() && step.target() instanceof Target.Leader) {
      var _ =
          Pacing.await(
              CALM,
              ticker,
              () -> {
                if (targets(step.target(), leading.get()).isEmpty()) {
                  leading.set(leaders.leaders());
                }
                return !targets(step.target(), leading.get()).isEmpty();
              });
    }
    return leading.get();
  }

  /**
   * The targets; where none is there, another node, and where all are down, the first that is back:
   * so that as much is done as was planned.
   */
  private List<String> hit(Target target, Map<Integer, ReplicaView> leading)
      throws InterruptedException {
    var nodes = cluster.layout().nodes().stream().map(NodeSpec::node).toList();
    boolean _ = Pacing.await(CALM, ticker, () -> !running(nodes).isEmpty());
    var names = targets(target, leading);
    return names.isEmpty() ? running(nodes).stream().limit(1).toList() : names;
  }

  /** Nodes that are there to be hit. */
  private List<String> targets(Target target, Map<Integer, ReplicaView> leading) {
    var nodes = cluster.layout().nodes();
    return switch (target) {
      case Target.Node node -> running(List.of(nodes.get(node.number()).node()));
      case Target.Leader leader ->
          running(
              Optional.ofNullable(leading.get(leader.shard())).map(ReplicaView::node).stream()
                  .toList());
      case Target.Everyone _ -> running(nodes.stream().map(NodeSpec::node).toList());
    };
  }

  private List<String> running(List<String> names) {
    return names.stream().filter(cluster::running).toList();
  }

  private void kill(String node, Duration down) throws InterruptedException {
    cluster.kill(node);
    Future<?> _ = restarts.schedule(() -> restart(node), down.toNanos(), TimeUnit.NANOSECONDS);
  }

  private void restart(String node) {
    try {
      cluster.start(node);
    } catch (RuntimeException e) {
      log.warn("not started again node={}", node, e);
    }
  }

  /** Ends the starting of nodes: those that are down stay so. */
  @Override
  public void close() {
    Threads.close(restarts, Duration.ofSeconds(5));
  }
}
