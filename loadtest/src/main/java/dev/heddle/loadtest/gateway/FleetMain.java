package dev.heddle.loadtest.gateway;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.heddle.process.HeddleException;
import dev.heddle.process.HostPort;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/**
 * Sockets in a process of their own, which does as the lines of its input say: {@code open N},
 * {@code alive}. Each has one line of answer: {@code fleet:} with a number, or why not. Ends with
 * its input.
 */
public final class FleetMain {
  /** Begins a line of answer; others are of libraries. */
  static final String ANSWER = "fleet: ";

  private static final Duration PONGS = Duration.ofSeconds(60);

  private final Door door;
  private final List<ClientSocket> sockets = new ArrayList<>();
  private final Semaphore pongs = new Semaphore(0);

  private FleetMain(Door door) {
    this.door = door;
  }

  /**
   * Runs until its input ends.
   *
   * @param arguments {@code HOST:PORT PATH}, and a subprotocol perhaps
   */
  public static void main(String[] arguments) throws Exception {
    var protocol = arguments.length > 2 ? Optional.of(arguments[2]) : Optional.<String>empty();
    var main = new FleetMain(new Door(HostPort.parse(arguments[0]), arguments[1], protocol));
    try (var fleet = new SocketFleet(1);
        var in = new BufferedReader(new InputStreamReader(System.in, UTF_8))) {
      for (var line = in.readLine(); line != null; line = in.readLine()) {
        System.out.println(ANSWER + main.answer(fleet, line));
        System.out.flush();
      }
    }
  }

  private String answer(SocketFleet fleet, String line) throws InterruptedException {
    var words = line.split(" ");
    if (words[0].equals("open")) {
      try {
        sockets.addAll(fleet.openAll(door, Integer.parseInt(words[1]), _ -> new Idle()));
        return Integer.toString(sockets.size());
      } catch (HeddleException e) {
        return "failed: " + e.getMessage();
      }
    }
    pongs.drainPermits();
    int asked = 0;
    for (var socket : sockets) {
      if (socket.open()) {
        socket.ping();
        asked++;
      }
    }
    // Those that are missing then have not answered.
    if (pongs.tryAcquire(asked, PONGS.toNanos(), TimeUnit.NANOSECONDS)) {
      return Integer.toString(asked);
    }
    return Integer.toString(pongs.drainPermits());
  }

  private final class Idle implements SocketListener {
    @Override
    public void text(ClientSocket socket, String text) {
      // A welcome, perhaps.
    }

    @Override
    public void pong() {
      pongs.release();
    }
  }
}
