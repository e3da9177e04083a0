package dev.heddle.gateway.connection;

import dev.heddle.gateway.connection.RawConnection.Pushed;
import dev.heddle.gateway.connection.Users.User;
import dev.heddle.gateway.session.ConnectionKey;
import dev.heddle.gateway.session.ConnectionTable;
import dev.heddle.gateway.session.ConnectionTable.Outcome;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.Threads;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadFactory;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What concerns connections of all gateways at once: all those of a user, or lists. Each gateway
 * does its part, and one that does not answer is said to be missing. Blocking; thread-safe.
 */
final class Everywhere {
  /** Connections of a list. */
  static final int LONGEST_LIST = 1_000;

  private static final Logger log = LoggerFactory.getLogger(Everywhere.class);

  /** Connections that are looked at for one part of a list. */
  private static final int MOST_LOOKED_AT = 5_000;

  private final Homes homes;
  private final PlainConnections plain;
  private final Resumables resumables;
  private final Pushes pushes;
  private final PushGrpcClient peers;
  private final ThreadFactory threads = Threads.virtual("heddle-everywhere");

  Everywhere(
      Homes homes,
      PlainConnections plain,
      Resumables resumables,
      Pushes pushes,
      PushGrpcClient peers) {
    this.homes = homes;
    this.plain = plain;
    this.resumables = resumables;
    this.pushes = pushes;
    this.peers = peers;
  }

  /**
   * Whom a frame has reached.
   *
   * @param connections that took it
   * @param full connections that did not, as their clients do not read
   * @param complete whether all gateways have answered
   */
  record Reached(int connections, int full, boolean complete) {}

  /**
   * Sends a frame to all connections of a user, as {@link Pushes#send} does to one.
   *
   * @throws HeddleException TOO_LARGE
   */
  Reached send(User user, Payload frame) {
    Pushes.requireSize(frame);
    long id = ConnectionTable.newId();
    int connections = 0;
    int full = 0;
    Answers<Reached> answers =
        ask(() -> sendHere(user, id, frame), address -> peers.send(address, user, id, frame));
    for (Reached each : answers.all()) {
      connections += each.connections();
      full += each.full();
    }
    return new Reached(connections, full, answers.complete());
  }

  /**
   * Sends a frame to the connections of a user that are here. One that moves between gateways may
   * be found at both, and takes it once.
   *
   * @param id of the frame
   */
  Reached sendHere(User user, long id, Payload frame) {
    int connections = 0;
    int full = 0;
    for (ConnectionKey key : resumables.of(user)) {
      Optional<RawConnection> socket = plain.find(key);
      try {
        boolean taken =
            socket.isPresent()
                ? socket.get().push(frame) == Pushed.QUEUED
                : resumables.pushOnce(key, id, frame) == Outcome.DONE;
        connections += taken ? 1 : 0;
      } catch (HeddleException e) {
        if (e.code() != ErrorCode.LIMIT_REACHED) {
          throw e;
        }
        full++;
      }
    }
    return new Reached(connections, full, true);
  }

  /**
   * Which connections are asked for.
   *
   * @param app empty: any
   * @param user empty: any; else the app is named
   * @param after only those with greater ids
   * @param limit at most so many, 1..{@link #LONGEST_LIST}
   */
  record Which(String tenant, String app, String user, String after, int limit) {
    Which {
      if (limit < 1 || limit > LONGEST_LIST) {
        throw new HeddleException(
            ErrorCode.OUT_OF_RANGE, "limit: " + limit + " (expected: 1.." + LONGEST_LIST + ")");
      }
      if (!user.isEmpty() && app.isEmpty()) {
        throw new HeddleException(
            ErrorCode.INVALID_REQUEST, "app: empty (expected: that of the user)");
      }
    }

    private boolean fits(Client client) {
      return (app.isEmpty() || client.app().equals(app))
          && (user.isEmpty() || client.principal().filter(user::equals).isPresent());
    }
  }

  /**
   * A part of a list, by id.
   *
   * @param upTo the list says all up to this id; empty: all
   * @param complete whether all gateways have answered
   */
  record Listed(List<Described> connections, String upTo, boolean complete) {}

  /** Lists connections of all gateways. */
  Listed list(Which which) {
    Answers<Listed> answers = ask(() -> listHere(which), address -> peers.list(address, which));
    // No part says anything about what is beyond its own end.
    String upTo =
        answers.all().stream()
            .map(Listed::upTo)
            .filter(id -> !id.isEmpty())
            .min(Comparator.naturalOrder())
            .orElse("");
    var byId = new LinkedHashMap<String, Described>();
    answers.all().stream()
        .flatMap(part -> part.connections().stream())
        .filter(each -> upTo.isEmpty() || id(each).compareTo(upTo) <= 0)
        .sorted(Comparator.comparing(Everywhere::id))
        .forEach(each -> byId.put(id(each), each));
    List<Described> found = new ArrayList<>(byId.values());
    if (found.size() <= which.limit()) {
      return new Listed(found, upTo, answers.complete());
    }
    List<Described> first = List.copyOf(found.subList(0, which.limit()));
    return new Listed(first, id(first.getLast()), answers.complete());
  }

  private static String id(Described described) {
    return described.client().connection();
  }

  /** The part of a list that this gateway has: its plain connections, and the entries it owns. */
  Listed listHere(Which which) {
    List<ConnectionKey> keys = new ArrayList<>(plain.ofTenant(which.tenant()));
    keys.addAll(resumables.own(which.tenant()));
    keys.removeIf(key -> key.id().compareTo(which.after()) <= 0);
    keys.sort(Comparator.comparing(ConnectionKey::id));
    var found = new ArrayList<Described>();
    int looked = 0;
    for (ConnectionKey key : keys) {
      pushes.look(key).filter(each -> which.fits(each.client())).ifPresent(found::add);
      looked++;
      if (looked < keys.size() && (found.size() == which.limit() || looked == MOST_LOOKED_AT)) {
        return new Listed(found, key.id(), true);
      }
    }
    return new Listed(found, "", true);
  }

  /** What gateways said, and whether all did. */
  record Answers<T>(List<T> all, boolean complete) {}

  /** What this gateway says. */
  interface Here<T> {
    T answer();
  }

  /** Asks all gateways at once; this one's failure is the caller's. */
  <T> Answers<T> ask(Here<T> here, Function<String, T> elsewhere) {
    boolean complete = homes.complete();
    var all = new ArrayList<T>();
    try (var executor = Executors.newThreadPerTaskExecutor(threads)) {
      List<Future<T>> asked =
          homes.others().stream()
              .map(address -> executor.submit(() -> elsewhere.apply(address)))
              .toList();
      all.add(here.answer());
      for (Future<T> each : asked) {
        try {
          all.add(each.get());
        } catch (ExecutionException e) {
          log.info("gateway does not answer error={}", String.valueOf(e.getCause()));
          complete = false;
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new HeddleException(ErrorCode.CANCELLED, "interrupted", e);
    }
    return new Answers<>(all, complete);
  }
}
