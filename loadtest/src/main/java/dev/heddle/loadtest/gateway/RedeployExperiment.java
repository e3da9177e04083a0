package dev.heddle.loadtest.gateway;

import dev.heddle.loadtest.chaos.FreePorts;
import dev.heddle.loadtest.chaos.JavaCommand;
import dev.heddle.loadtest.chaos.ProcessCluster;
import dev.heddle.loadtest.invoke.Findings;
import dev.heddle.loadtest.measure.BenchOptions;
import dev.heddle.loadtest.measure.CpuShare;
import dev.heddle.loadtest.measure.Experiment;
import dev.heddle.loadtest.measure.ExperimentResult;
import dev.heddle.loadtest.measure.LatencyRecorder;
import dev.heddle.loadtest.measure.Timeline;
import dev.heddle.process.Closer;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.HostPort;
import dev.heddle.process.Ticker;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;

/**
 * Clients that chat while the function that answers them, and their app, are deployed again and
 * again. They take turns: so many frames are under way as a node may have calls without refusing
 * any. Fails where a connection is closed, a frame has no answer, or another one than its own, or a
 * version never answers. Half of the clients have plain connections, half such that survive their
 * sockets, and lose none. Of the general options it takes requests: frames, of all clients, between
 * two deploys.
 */
public final class RedeployExperiment implements Experiment {
  private static final Duration START = Duration.ofMinutes(3);
  private static final Duration LIMIT = Duration.ofMinutes(2);
  private static final Duration LOOK = Duration.ofMillis(5);
  private static final int MOST_FAILURES = 10;
  private static final int OPENING_AT_ONCE = 128;

  /** Frames of all clients that wait for their answers. */
  private static final int UNDER_WAY = 64;

  private final JavaCommand java;
  private final Path directory;
  private final int clients;
  private final int deploys;

  /**
   * @param java starts nodes
   * @param directory empty; takes the node's data and log, which stay
   * @param clients that chat
   * @param deploys of the function, and as many of the app, in turns
   */
  public RedeployExperiment(JavaCommand java, Path directory, int clients, int deploys) {
    this.java = java;
    this.directory = directory;
    this.clients = clients;
    this.deploys = deploys;
  }

  @Override
  public String name() {
    return "redeploy";
  }

  @Override
  public String about() {
    return "function and app are deployed again and again under clients that chat; an audit";
  }

  @Override
  public ExperimentResult run(BenchOptions options, Ticker ticker, Consumer<String> progress)
      throws InterruptedException {
    SocketFleet.check(name(), clients);
    var findings = new Findings();
    var nodes = GatewayNodes.together(directory.resolve("nodes"), new FreePorts(), 1, clients);
    try (var closer = new Closer()) {
      var fleet = closer.register("fleet", new SocketFleet(1));
      var cluster = closer.register("cluster", new ProcessCluster(nodes.layout(), java, ticker));
      progress.accept("starting a process");
      cluster.start(START);
      var gateway = nodes.gateways().getFirst();
      Talk.deploy(gateway);
      var audit = new Audit(ticker);
      var chatters = open(fleet, gateway, audit);
      var cpu = new CpuShare(cluster.pids());
      long began = ticker.nanoTime();
      audit.begin(chatters);
      long step = Math.max(UNDER_WAY, options.load().requests());
      audit.await(step);
      audit.awaitVersions(1);
      for (int i = 1; i <= deploys; i++) {
        if (i % Math.max(1, deploys / 10) == 0) {
          progress.accept("deploys %d of %d".formatted(i, deploys));
        }
        Talk.deployFunction(gateway, i);
        audit.await(step);
        audit.awaitVersions(i + 1);
        Talk.deployApp(gateway, i);
        audit.await(step);
      }
      // Whoever has not said anything under the last version does so now.
      audit.await(clients);
      audit.over = true;
      audit.awaitSilence(chatters);
      double seconds = (ticker.nanoTime() - began) / 1e9;
      findings.series("frames", audit.times, cpu.per(audit.answered.get()), new Timeline());
      findings.figure("framesPerSecond", audit.answered.get() / Math.max(1e-9, seconds));
      tell(audit, chatters, findings);
      chatters.forEach(Chatter::end);
    }
    return findings.result(
        name(),
        "%,d clients that chat, %d deploys of their function and as many of their app"
            .formatted(clients, deploys));
  }

  private List<Chatter> open(SocketFleet fleet, HostPort gateway, Audit audit)
      throws InterruptedException {
    var places = new Semaphore(OPENING_AT_ONCE);
    var chatters = new ArrayList<Chatter>();
    var opening = new ArrayList<CompletableFuture<?>>();
    for (int i = 0; i < clients; i++) {
      places.acquire();
      var chatter = new Chatter(i, audit);
      chatters.add(chatter);
      var one =
          i % 2 == 0
              ? fleet.open(Door.plain(gateway, Talk.path()), chatter).thenAccept(chatter::over)
              : resumable(fleet, gateway, chatter);
      opening.add(one.whenComplete((_, _) -> places.release()));
    }
    for (int i = 0; i < clients; i++) {
      try {
        var _ = opening.get(i).get(LIMIT.toNanos(), TimeUnit.NANOSECONDS);
      } catch (ExecutionException | TimeoutException e) {
        throw new HeddleException(
            ErrorCode.UNAVAILABLE, "connection %d of %d: %s".formatted(i + 1, clients, e), e);
      }
    }
    return chatters;
  }

  private static CompletableFuture<String> resumable(
      SocketFleet fleet, HostPort gateway, Chatter chatter) {
    var client =
        new ResumableClient(fleet, Talk.path(), List.of(gateway), chatter.number, chatter.events());
    chatter.says = client::send;
    chatter.ends = client::end;
    return client.open(gateway);
  }

  private void tell(Audit audit, List<Chatter> chatters, Findings findings) {
    long lost = chatters.stream().filter(chatter -> chatter.waits).count();
    findings.figure("frames", (double) audit.answered.get());
    findings.figure("closes", (double) audit.closes.get());
    findings.figure("lost", (double) lost);
    findings.figure("wrong", (double) audit.wrong.get());
    findings.figure("versionsSeen", audit.versions.size());
    findings.figure(
        "framesOfAClientAtLeast",
        (double) chatters.stream().mapToLong(chatter -> chatter.count).min().orElse(0));
    for (var nothing : List.of("closes", "lost", "wrong")) {
      findings.goal(nothing, 0);
    }
    audit.failures.forEach(findings::problem);
    if (lost > 0) {
      findings.problem(lost + " frames have no answer (expected: one for each)");
    }
    if (audit.versions.size() != deploys + 1) {
      findings.problem(
          "%d versions answered (expected: %d)".formatted(audit.versions.size(), deploys + 1));
    }
    long heard = chatters.stream().mapToLong(chatter -> chatter.count).sum();
    if (heard != audit.answered.get() + lost) {
      findings.problem(
          "%d frames were sent, %d answered and %d not (expected: as many)"
              .formatted(heard, audit.answered.get(), lost));
    }
  }

  /** What all clients have found. Sums and versions are of any thread, the rest of the fleet's. */
  private static final class Audit {
    private final Ticker ticker;
    private final AtomicLong answered = new AtomicLong();
    private final AtomicLong closes = new AtomicLong();
    private final AtomicLong wrong = new AtomicLong();
    private final LatencyRecorder times = new LatencyRecorder();
    private final Set<String> versions = ConcurrentHashMap.newKeySet();
    private final List<String> failures = new ArrayList<>();
    private final Queue<Chatter> turns = new ConcurrentLinkedQueue<>();
    private volatile boolean over;

    Audit(Ticker ticker) {
      this.ticker = ticker;
    }

    /** The first ones say something; each answer lets the next one. */
    void begin(List<Chatter> chatters) {
      turns.addAll(chatters);
      for (int i = 0; i < Math.min(UNDER_WAY, chatters.size()); i++) {
        next();
      }
    }

    private void next() {
      var chatter = turns.poll();
      if (chatter != null && !over) {
        chatter.say();
      }
    }

    /** Of the fleet's thread. */
    void answered(Chatter chatter) {
      answered.incrementAndGet();
      turns.add(chatter);
      next();
    }

    void wrong(String why) {
      if (wrong.incrementAndGet() <= MOST_FAILURES) {
        failures.add(why);
      }
    }

    /** Waits for so many more answers, or, where they stay away, for the limit. */
    void await(long more) throws InterruptedException {
      long goal = answered.get() + more;
      long began = ticker.nanoTime();
      while (answered.get() < goal && ticker.nanoTime() - began < LIMIT.toNanos()) {
        pause();
      }
    }

    /** Waits until so many versions have answered: the next one is not to overtake the last. */
    void awaitVersions(int number) throws InterruptedException {
      long began = ticker.nanoTime();
      while (versions.size() < number && ticker.nanoTime() - began < LIMIT.toNanos()) {
        pause();
      }
    }

    void awaitSilence(List<Chatter> chatters) throws InterruptedException {
      long began = ticker.nanoTime();
      while (chatters.stream().anyMatch(chatter -> chatter.waits)
          && ticker.nanoTime() - began < LIMIT.toNanos()) {
        pause();
      }
    }

    private static void pause() throws InterruptedException {
      LockSupport.parkNanos(LOOK.toNanos());
      if (Thread.interrupted()) {
        throw new InterruptedException();
      }
    }
  }

  /** Says something when it is its turn, which is not before the last one was answered. */
  private static final class Chatter implements SocketListener {
    private final int number;
    private final Audit audit;
    private volatile Consumer<String> says = _ -> {};
    private volatile Runnable ends = () -> {};
    private volatile String said = "";
    private volatile long saidAt;
    private volatile long count;
    private volatile boolean waits;
    private volatile boolean ended;

    Chatter(int number, Audit audit) {
      this.number = number;
      this.audit = audit;
    }

    /** First by the experiment's thread, then by the fleet's. */
    void say() {
      long next = count + 1;
      count = next;
      said = "{\"action\":\"version\",\"client\":%d,\"number\":%d}".formatted(number, next);
      saidAt = audit.ticker.nanoTime();
      waits = true;
      says.accept(said);
    }

    void heard(String text) {
      int space = text.indexOf(' ');
      if (!waits || space < 0 || !text.substring(space + 1).equals(said)) {
        var expected = waits ? said : "nothing";
        audit.wrong(
            "client %d: %s (expected: a version and %s)"
                .formatted(number, text.substring(0, Math.min(300, text.length())), expected));
        return;
      }
      waits = false;
      audit.times.record(audit.ticker.nanoTime() - saidAt);
      audit.versions.add(text.substring(0, space));
      audit.answered(this);
    }

    void over(ClientSocket socket) {
      says = socket::send;
      ends = socket::vanish;
    }

    void end() {
      ended = true;
      ends.run();
    }

    @Override
    public void text(ClientSocket socket, String text) {
      heard(text);
    }

    @Override
    public void closed(int code) {
      if (!ended) {
        audit.closes.incrementAndGet();
        audit.wrong("client " + number + ": closed with " + code);
      }
    }

    ResumableClient.Events events() {
      return new ResumableClient.Events() {
        @Override
        public void frame(String body) {
          heard(body);
        }

        @Override
        public void back() {
          audit.closes.incrementAndGet();
          audit.wrong("client " + number + ": its socket was closed");
        }

        @Override
        public void broken(String why) {
          audit.wrong("client " + number + ": " + why);
        }
      };
    }
  }
}
