package dev.heddle.loadtest.gateway;

import dev.heddle.process.HostPort;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/**
 * Sockets in a process of their own, which does as the lines of its input say: {@code open N},
 * {@code alive}. The answer to each is a number. Ends with its input.
 */
public final class FleetMain {
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
    try (var fleet = new SocketFleet(1)) {
      Generator.serve(line -> main.answer(fleet, line));
    }
  }

  private String answer(SocketFleet fleet, String line) throws InterruptedException {
    var words = line.split(" ");
    if (words[0].equals("open")) {
      sockets.addAll(fleet.openAll(door, Integer.parseInt(words[1]), _ -> new Idle()));
      return Integer.toString(sockets.size());
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
