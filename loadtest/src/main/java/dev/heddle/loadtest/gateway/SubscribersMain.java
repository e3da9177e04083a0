package dev.heddle.loadtest.gateway;

import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.HostPort;
import dev.heddle.process.Ticker;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The subscribers of one server and who publishes to them, in a process of their own, which does as
 * the lines of its input say: {@code open}, answered with how many they are, and {@code rounds N},
 * answered with what those took. Ends with its input.
 */
public final class SubscribersMain {
  /** The argument for a gateway, whose subscribers are put in a channel. */
  static final String GATEWAY = "gateway";

  /** The argument for a server that sends what is POSTed to {@code /pub} to all subscribers. */
  static final String BARE = "bare";

  private static final Duration ANSWER = Duration.ofSeconds(60);
  private static final int LOOKS = 60;

  /** Who they are is asked of so many connections at a time: a node bounds its calls. */
  private static final int ASKED = 200;

  private static final String WHO = "{\"action\":\"who\"}";

  private final String kind;
  private final Door door;
  private final int clients;
  private final SocketFleet fleet;
  private final Ticker ticker = Ticker.system();
  private final RoundBook book;
  private @Nullable Rounds rounds;

  private SubscribersMain(String kind, Door door, int clients, SocketFleet fleet) {
    this.kind = kind;
    this.door = door;
    this.clients = clients;
    this.fleet = fleet;
    this.book = new RoundBook(clients, ticker);
  }

  /**
   * Runs until its input ends.
   *
   * @param arguments {@code gateway|bare HOST:PORT PATH CLIENTS}
   */
  public static void main(String[] arguments) throws Exception {
    var door = Door.plain(HostPort.parse(arguments[1]), arguments[2]);
    try (var fleet = new SocketFleet(1)) {
      var main = new SubscribersMain(arguments[0], door, Integer.parseInt(arguments[3]), fleet);
      Generator.serve(main::answer);
    }
  }

  /** Starts it for a server. */
  static Generator start(String kind, Door door, int clients, Path log) {
    var arguments =
        List.of(kind, door.address().toString(), door.path(), Integer.toString(clients));
    return Generator.start(SubscribersMain.class, arguments, log);
  }

  private String answer(String line) throws InterruptedException {
    var words = line.split(" ");
    if (words[0].equals("open")) {
      rounds = kind.equals(GATEWAY) ? gateway() : bare();
      return Integer.toString(clients);
    }
    var open = rounds;
    if (open == null) {
      throw new HeddleException(ErrorCode.CONFLICT, line + ": before open");
    }
    return open.run(Integer.parseInt(words[1])).encoded();
  }

  private Rounds gateway() throws InterruptedException {
    var named = new ArrayList<Named>();
    var askable = new Semaphore(ASKED);
    var sockets =
        fleet.openAll(
            door,
            clients,
            number -> {
              var one = new Named(number, book, askable);
              named.add(one);
              return one;
            });
    for (var socket : sockets) {
      if (!askable.tryAcquire(ANSWER.toNanos(), TimeUnit.NANOSECONDS)) {
        throw new HeddleException(
            ErrorCode.UNAVAILABLE, "connections: no ids (expected: an answer to " + WHO + ")");
      }
      socket.send(WHO);
    }
    var ids = new ArrayList<String>();
    for (var one : named) {
      try {
        ids.add(one.id.get(ANSWER.toNanos(), TimeUnit.NANOSECONDS));
      } catch (ExecutionException | TimeoutException e) {
        throw new HeddleException(
            ErrorCode.UNAVAILABLE, "connection " + one.number + ": no id: " + e, e);
      }
    }
    var publisher = GatewayChannel.of(door.address(), ids, ticker);
    return new Rounds("subscribers", book, publisher, List::of, () -> true);
  }

  private Rounds bare() throws InterruptedException {
    var _ = fleet.openAll(door, clients, number -> new Receiver(number, book));
    var publisher = PostLane.publisher(door.address(), "/pub", ticker);
    return new Rounds("subscribers", book, publisher, List::of, afterLooks());
  }

  /** Servers may answer a handshake a moment before they count its socket among subscribers. */
  private static BooleanSupplier afterLooks() {
    var looks = new int[1];
    return () -> looks[0] >= LOOKS || ++looks[0] >= LOOKS;
  }

  private static class Receiver implements SocketListener {
    final int number;
    final RoundBook book;

    Receiver(int number, RoundBook book) {
      this.number = number;
      this.book = book;
    }

    @Override
    public void text(ClientSocket socket, String text) {
      book.received(number, text);
    }

    @Override
    public void closed(int code) {
      book.failed("client " + number + ": closed with " + code);
    }
  }

  /** Whose first frame is its id. */
  private static final class Named extends Receiver {
    private final CompletableFuture<String> id = new CompletableFuture<>();
    private final Semaphore askable;

    /**
     * @param askable gets back what the question took, with its answer
     */
    Named(int number, RoundBook book, Semaphore askable) {
      super(number, book);
      this.askable = askable;
    }

    @Override
    public void text(ClientSocket socket, String text) {
      if (id.complete(text)) {
        askable.release();
      } else {
        super.text(socket, text);
      }
    }
  }
}
