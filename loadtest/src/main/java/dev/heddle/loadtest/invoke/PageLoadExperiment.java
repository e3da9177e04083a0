package dev.heddle.loadtest.invoke;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.heddle.loadtest.chaos.ClusterBills;
import dev.heddle.loadtest.chaos.FreePorts;
import dev.heddle.loadtest.chaos.JavaCommand;
import dev.heddle.loadtest.chaos.ProcessCluster;
import dev.heddle.loadtest.function.FunctionArchive;
import dev.heddle.loadtest.measure.BenchOptions;
import dev.heddle.loadtest.measure.Billing;
import dev.heddle.loadtest.measure.Experiment;
import dev.heddle.loadtest.measure.ExperimentResult;
import dev.heddle.loadtest.measure.LatencyRecorder;
import dev.heddle.process.Closer;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.Threads;
import dev.heddle.process.Ticker;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;

/**
 * The paper's Figure 3: the page load of a mail client, short calls with a mean of 27 ms over six
 * connections, beside a call that waits 231 s for mail. What they are billed in time by memory:
 * exactly, as this platform does, and with each call rounded up to 1 ms and to 100 ms, as others
 * did; and with a poll that the gateway holds, where a function runs only when there is mail. Fails
 * on wrong replies, on bills that do not hold the time that their calls waited, and where the
 * coordinator's meters have not what the bills of all calls add up to. Of the general options it
 * takes runs, of the page load, and the seed.
 */
public final class PageLoadExperiment implements Experiment {
  private static final Duration START = Duration.ofMinutes(3);
  private static final int CALLS = 60;
  private static final int CONNECTIONS = 6;
  private static final double MEAN_MILLIS = 27;
  private static final double LONGEST_MILLIS = 1_000;
  private static final String MANIFEST = "timeout: 5m\n";
  private static final String BILL = "heddle-bill";
  private static final String APP = "mail";
  private static final String ROUTES = "name: mail\nroutes:\n  $default: {function: sleep}\n";
  private static final Duration MAIL = Duration.ofMillis(27);

  /** Of the sum of all bills, by which meters may be off: they are read as decimal fractions. */
  private static final double ROUNDING = 1e-6;

  private final JavaCommand java;
  private final Path directory;
  private final Duration poll;

  /**
   * @param java starts nodes
   * @param directory empty; takes the node's data and log, which stay
   * @param poll how long the long call waits, up to 4 minutes
   */
  public PageLoadExperiment(JavaCommand java, Path directory, Duration poll) {
    if (!poll.isPositive() || poll.compareTo(Duration.ofMinutes(4)) > 0) {
      throw new IllegalArgumentException("poll: " + poll + " (expected: up to 4m)");
    }
    this.java = java;
    this.directory = directory;
    this.poll = poll;
  }

  /**
   * A call that was answered.
   *
   * @param waited what it was told to
   * @param nanos by the client's clock
   */
  private record Call(Duration waited, long nanos, BilledCall bill) {
    /** Active time by memory in MiB seconds, with the time rounded up to whole steps. */
    double charge(Duration step) {
      double mib = (double) bill.charge() / Math.max(1, bill.active());
      long steps = Math.ceilDiv(bill.active(), step.toNanos());
      return mib * steps * step.toNanos() / 1e9;
    }
  }

  @Override
  public String name() {
    return "gmail";
  }

  @Override
  public String about() {
    return "bills of a page load of short calls beside a long poll (the paper's Fig. 3)";
  }

  @Override
  public ExperimentResult run(BenchOptions options, Ticker ticker, Consumer<String> progress)
      throws InterruptedException {
    var findings = new Findings();
    var random = new Random(options.seed());
    var page = new ArrayList<Call>();
    Call polled;
    Call mail;
    var nodes = FunctionNodes.together(directory, new FreePorts());
    try (var closer = new Closer()) {
      var cluster = closer.register("cluster", new ProcessCluster(nodes.layout(), java, ticker));
      progress.accept("starting a process");
      cluster.start(START);
      var edge = new FunctionEdge(nodes.http());
      var _ = edge.deploy("sleep", FunctionArchive.of("sleep", MANIFEST, SleepHandler.class));
      var client = new Client(edge, ticker);
      var _ = client.all(waits(random, CALLS), CONNECTIONS);
      edge.deployApp(APP, ROUTES);
      var before = ClusterBills.of(nodes.http());
      var held = closer.register("held poll", new HeldPoll(nodes.http(), APP));
      var frame = new FutureTask<>(held::await);
      Threads.named("held-poll").newThread(frame).start();
      progress.accept("a call that waits " + poll.toSeconds() + " s");
      var waiting = new FutureTask<>(() -> client.all(List.of(poll), 1).getFirst());
      Threads.named("long-poll").newThread(waiting).start();
      for (int run = 1; run <= options.load().runs(); run++) {
        progress.accept("page load " + run + " of " + options.load().runs());
        var loaded = client.all(waits(random, CALLS), CONNECTIONS);
        var times = new LatencyRecorder();
        loaded.forEach(call -> times.record(call.nanos()));
        findings.series("calls of the page, run " + run, times);
        page.addAll(loaded);
      }
      progress.accept("waiting for the long call");
      polled = got(waiting);
      if (frame.isDone()) {
        findings.problem("held poll: answered before there was mail");
      }
      mail = client.all(List.of(MAIL), 1).getFirst();
      held.push("mail");
      var came = got(frame);
      if (!came.equals("mail")) {
        findings.problem("held poll: " + came + " (expected: mail)");
      }
      var all = new ArrayList<>(page);
      all.addAll(List.of(polled, mail));
      addUp(all, ClusterBills.of(nodes.http()).minus(before), findings);
    } catch (IOException e) {
      throw new HeddleException(ErrorCode.UNAVAILABLE, nodes.http() + ": " + e, e);
    }
    findings.figure("heldPollMibSeconds", mail.charge(Duration.ofNanos(1)));
    return result(options.load().runs(), page, polled, findings);
  }

  /** What the coordinator says that it has billed, beside the bills that came with the replies. */
  private static void addUp(List<Call> calls, Billing billed, Findings findings) {
    double known = calls.stream().mapToDouble(call -> call.bill().charge()).sum() / 1e9;
    if (Math.abs(billed.memoryMibSeconds() - known) > ROUNDING * known) {
      findings.problem(
          "billed by the coordinator's meters: %.6f MiB s (expected: %.6f, the sum of all bills)"
              .formatted(billed.memoryMibSeconds(), known));
    }
  }

  private static <T> T got(FutureTask<T> task) throws InterruptedException {
    try {
      return task.get();
    } catch (ExecutionException e) {
      throw failed(e);
    }
  }

  private static HeddleException failed(ExecutionException e) {
    return new HeddleException(ErrorCode.UNAVAILABLE, "call: " + e.getCause(), e);
  }

  /** How long calls of a page wait: exponential, cut at a second. */
  private static List<Duration> waits(Random random, int count) {
    var waits = new ArrayList<Duration>();
    for (int i = 0; i < count; i++) {
      double millis = -Math.log(1 - random.nextDouble()) * MEAN_MILLIS;
      waits.add(Duration.ofMillis(Math.round(Math.clamp(millis, 1, LONGEST_MILLIS))));
    }
    return waits;
  }

  /** Sends calls over some connections, each the next one when it has its answer. */
  private record Client(FunctionEdge edge, Ticker ticker) {
    List<Call> all(List<Duration> waits, int connections) throws InterruptedException {
      var next = new AtomicInteger();
      var tasks = new ArrayList<FutureTask<List<Call>>>();
      var threads = Threads.named("page");
      for (int i = 0; i < connections; i++) {
        var task = new FutureTask<>(() -> some(waits, next));
        tasks.add(task);
        threads.newThread(task).start();
      }
      var calls = new ArrayList<Call>();
      for (var task : tasks) {
        try {
          calls.addAll(task.get());
        } catch (ExecutionException e) {
          throw failed(e);
        }
      }
      return calls;
    }

    private List<Call> some(List<Duration> waits, AtomicInteger next) throws IOException {
      var calls = new ArrayList<Call>();
      try (var connection = LoopConnection.open(edge.address())) {
        for (int at = next.getAndIncrement(); at < waits.size(); at = next.getAndIncrement()) {
          var event = "{\"millis\":" + waits.get(at).toMillis() + "}";
          var request = edge.run("sleep", event).bytes(connection.cookie());
          long began = ticker.nanoTime();
          connection.exchange(request);
          long nanos = ticker.nanoTime() - began;
          if (!connection.ok() || !connection.holds("\"millis\"".getBytes(UTF_8))) {
            throw new IOException(connection.excerpt());
          }
          calls.add(new Call(waits.get(at), nanos, BilledCall.of(connection.header(BILL))));
        }
      }
      return calls;
    }
  }

  private ExperimentResult result(int runs, List<Call> page, Call polled, Findings findings) {
    check(page, findings);
    check(List.of(polled), findings);
    if (page.size() != CALLS * runs) {
      findings.problem("calls: " + page.size() + " (expected: " + CALLS * runs + ")");
    }
    var steps =
        Map.of(
            "exact", Duration.ofNanos(1),
            "millis", Duration.ofMillis(1),
            "hundredMillis", Duration.ofMillis(100));
    steps.entrySet().stream()
        .sorted(Map.Entry.comparingByValue())
        .forEach(step -> {
          double load =
              page.stream().mapToDouble(call -> call.charge(step.getValue())).sum() / runs;
          double wait = polled.charge(step.getValue());
          findings.figure(step.getKey() + "PageMibSeconds", load);
          findings.figure(step.getKey() + "PollMibSeconds", wait);
          findings.figure(step.getKey() + "PollPercent", 100 * wait / (load + wait));
        });
    findings.figure(
        "hundredMillisToExactPageTimes",
        findings.median("hundredMillisPageMibSeconds")
            / Math.max(1e-9, findings.median("exactPageMibSeconds")));
    findings.note(
        "MiB seconds: active time, which is how long a call ran or waited inside of its handler, by"
            + " the function's memory; the page load is the mean of "
            + runs);
    findings.note(
        "heldPoll: a connection of an app over /poll for as long, which takes no function's time; a"
            + " function of "
            + MAIL.toMillis()
            + " ms runs when there is mail, and a frame is pushed");
    return findings.result(
        name(),
        "%d calls of %.0f ms on average over %d connections; one of %d s"
            .formatted(
                CALLS, MEAN_MILLIS, CONNECTIONS, TimeUnit.NANOSECONDS.toSeconds(poll.toNanos())));
  }

  private static void check(List<Call> calls, Findings findings) {
    for (var call : calls) {
      if (call.bill().active() < call.waited().toNanos() || call.bill().active() > call.nanos()) {
        findings.problem(
            "a call of %d ms: billed %d ns, took %d ns (expected: no less than the first, no more than the last)"
                .formatted(call.waited().toMillis(), call.bill().active(), call.nanos()));
      }
    }
  }
}
