package dev.heddle.gateway.connection;

import dev.heddle.gateway.connection.RawConnection.Pushed;
import dev.heddle.gateway.connection.Tokens.Named;
import dev.heddle.gateway.session.ConnectionKey;
import dev.heddle.gateway.session.ConnectionTable.By;
import dev.heddle.gateway.session.ConnectionTable.Known;
import dev.heddle.gateway.websocket.CloseCodes;
import dev.heddle.process.DataSize;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/**
 * What others do to a connection that may be anywhere: send, look, end. A resumable one is in the
 * grid; a plain one, and one whose $connect is in work, is at the gateway that its id names, its
 * <i>home</i>. Blocking; thread-safe.
 */
final class Pushes {
  /** Of one frame, as at AWS. */
  static final DataSize MOST = DataSize.ofKiB(128);

  private final Tokens tokens;
  private final Homes homes;
  private final Arrivals arrivals;
  private final PlainConnections plain;
  private final Resumables resumables;
  private final PushGrpcClient peers;
  private final MeterRegistry meters;

  Pushes(
      Tokens tokens,
      Homes homes,
      Arrivals arrivals,
      PlainConnections plain,
      Resumables resumables,
      PushGrpcClient peers,
      MeterRegistry meters) {
    this.tokens = tokens;
    this.homes = homes;
    this.arrivals = arrivals;
    this.plain = plain;
    this.resumables = resumables;
    this.peers = peers;
    this.meters = meters;
    meters.gauge("heddle.gateway.connections.arriving", arrivals, Arrivals::count);
  }

  /**
   * Sends a frame: afterwards it is in the grid, or waits for the socket, or for the upgrade.
   *
   * @param asHome whether no other gateway is to be asked
   * @throws HeddleException FORBIDDEN for an id that is not the tenant's, GONE for a connection
   *     that is over, TOO_LARGE, LIMIT_REACHED where its client does not read, UNAVAILABLE where
   *     its gateway does not answer
   */
  void send(String tenant, String id, Payload frame, boolean asHome) {
    Timer.Sample sample = Timer.start();
    String outcome = "failed";
    try {
      outcome = send(named(tenant, id), frame, asHome);
    } catch (HeddleException e) {
      outcome = e.code().name().toLowerCase(Locale.ROOT);
      throw e;
    } finally {
      if (!asHome) {
        sample.stop(meters.timer("heddle.gateway.push", "outcome", outcome));
      }
    }
  }

  private String send(Named id, Payload frame, boolean asHome) {
    requireSize(frame);
    if (id.resumable() && !asHome && resumables.push(id.key(), frame)) {
      return "kept";
    }
    if (asHome || homes.here(id)) {
      return sendHere(id, frame);
    }
    peers.send(home(id), id.key(), frame);
    return "forwarded";
  }

  /**
   * Refuses frames that are too large.
   *
   * @throws HeddleException TOO_LARGE
   */
  static void requireSize(Payload frame) {
    if (frame.bytes().length > MOST.bytes()) {
      throw new HeddleException(
          ErrorCode.TOO_LARGE,
          "payload: " + frame.bytes().length + " bytes (expected: at most " + MOST + ")");
    }
  }

  private String sendHere(Named id, Payload frame) {
    return switch (arrivals.hold(id.key(), frame)) {
      case HELD -> "held";
      case FULL -> throw full("before its upgrade");
      case UNKNOWN -> id.resumable() ? keptMeanwhile(id.key(), frame) : queued(id.key(), frame);
    };
  }

  /** It may have been opened since it was looked for. */
  private String keptMeanwhile(ConnectionKey key, Payload frame) {
    if (!resumables.push(key, frame)) {
      throw gone();
    }
    return "kept";
  }

  private String queued(ConnectionKey key, Payload frame) {
    Pushed pushed = plain.find(key).map(socket -> socket.push(frame)).orElse(Pushed.GONE);
    return switch (pushed) {
      case QUEUED -> "queued";
      case SLOW -> throw full("for its client, and it is being closed");
      case GONE -> throw gone();
    };
  }

  /**
   * What there is to know of a connection.
   *
   * @throws HeddleException as {@link #send}
   */
  Described find(String tenant, String id, boolean asHome) {
    Named named = named(tenant, id);
    if (named.resumable()) {
      Optional<Known> known = resumables.look(named.key());
      if (known.isPresent()) {
        return described(named.key(), known.get());
      }
    }
    if (!asHome && !homes.here(named)) {
      return peers.find(home(named), named.key());
    }
    Optional<Client> arriving = arrivals.client(named.key());
    if (arriving.isPresent()) {
      Client client = arriving.get();
      return new Described(client, client.connectedAt(), named.resumable(), false);
    }
    return look(named.key()).orElseThrow(Pushes::gone);
  }

  /** A connection in the grid, or a plain one that is here. */
  Optional<Described> look(ConnectionKey key) {
    Optional<RawConnection> socket = plain.find(key);
    return socket.isPresent()
        ? socket.map(each -> new Described(each.client(), each.active(), false, true))
        : resumables.look(key).map(known -> described(key, known));
  }

  private Described described(ConnectionKey key, Known known) {
    return new Described(resumables.client(key, known), known.active(), true, known.attached());
  }

  /**
   * Ends a connection for good; one whose $connect is in work, right after it.
   *
   * @throws HeddleException as {@link #send}
   */
  void end(String tenant, String id, boolean asHome) {
    Named named = named(tenant, id);
    if (named.resumable() && endResumable(named.key())) {
      return;
    }
    if (!asHome && !homes.here(named)) {
      peers.end(home(named), named.key());
    } else if (!arrivals.end(named.key())
        && !(named.resumable() ? endResumable(named.key()) : endPlain(named.key()))) {
      throw gone();
    }
  }

  /**
   * Has a connection listen to channels, and no more to others.
   *
   * @throws HeddleException as {@link #send}; LIMIT_REACHED also for too many channels
   */
  void channels(
      String tenant, String id, Set<String> subscribe, Set<String> unsubscribe, boolean asHome) {
    Named named = named(tenant, id);
    ResumableChannels all = resumables.channels();
    if (named.resumable() && !asHome && all.listenIfKnown(named.key(), subscribe, unsubscribe)) {
      return;
    }
    if (!asHome && !homes.here(named)) {
      peers.channels(home(named), named.key(), subscribe, unsubscribe);
      return;
    }
    switch (arrivals.channels(named.key(), subscribe, unsubscribe)) {
      case HELD -> {}
      case FULL -> throw full("before its upgrade");
      case UNKNOWN -> {
        if (named.resumable()) {
          // It may have been opened since it was looked for.
          all.listen(named.key(), By.OTHERS, subscribe, unsubscribe);
        } else {
          plain.find(named.key()).orElseThrow(Pushes::gone).channels(subscribe, unsubscribe);
        }
      }
    }
  }

  private boolean endResumable(ConnectionKey key) {
    return resumables.end(key, 0, CloseCodes.NORMAL, Resumables.BY_APP);
  }

  private boolean endPlain(ConnectionKey key) {
    Optional<RawConnection> socket = plain.find(key);
    socket.ifPresent(found -> found.close(CloseCodes.NORMAL, Resumables.BY_APP));
    return socket.isPresent();
  }

  private Named named(String tenant, String id) {
    return tokens
        .named(tenant, id)
        .orElseThrow(() ->
            new HeddleException(
                ErrorCode.FORBIDDEN, "connection: not an id of this tenant (expected: one's own)"));
  }

  private String home(Named id) {
    return homes.address(id).orElseThrow(Pushes::gone);
  }

  private static HeddleException gone() {
    return new HeddleException(
        ErrorCode.GONE, "connection: it is over (expected: one that is connected, or may resume)");
  }

  private static HeddleException full(String where) {
    return new HeddleException(
        ErrorCode.LIMIT_REACHED,
        "connection: too much waits " + where + " (expected: a client that reads)");
  }
}
