package dev.heddle.loadtest.measure;

import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;

/**
 * Which peers take part. Those that were asked for by name must be had, or the experiment is not
 * measured; of the others the report says if they could not.
 *
 * @param named absent: nobody said
 */
public record Peers(Optional<Set<Peer>> named) {
  /** Nobody said. */
  public static final Peers UNSAID = new Peers(Optional.empty());

  private static final String NONE = "none";

  public Peers {
    named = named.map(Set::copyOf);
  }

  /** These and no others. */
  public static Peers of(Peer... peers) {
    return new Peers(Optional.of(Set.of(peers)));
  }

  /**
   * As {@code --peers} takes them.
   *
   * @param names empty: nobody said; {@code none} alone: no peers
   * @throws IllegalArgumentException if there is no such peer
   */
  public static Peers parse(List<String> names) {
    if (names.isEmpty()) {
      return UNSAID;
    }
    var peers = EnumSet.noneOf(Peer.class);
    for (var name : names) {
      if (!name.equals(NONE) || names.size() > 1) {
        peers.add(
            Peer.named(name)
                .orElseThrow(() ->
                    new IllegalArgumentException(
                        "peers: " + name + " (expected: of " + Peer.labels() + ", or none)")));
      }
    }
    return new Peers(Optional.of(peers));
  }

  /**
   * Refuses peers that none of these experiments compares with.
   *
   * @throws HeddleException INVALID_REQUEST with those that do
   */
  public void check(List<String> experiments) {
    for (var peer : named.orElse(Set.of())) {
      if (peer.experiments().stream().noneMatch(experiments::contains)) {
        throw new HeddleException(
            ErrorCode.INVALID_REQUEST,
            "peers: %s is none of %s (expected: one of its experiments: %s)"
                .formatted(
                    peer.label(),
                    String.join(", ", experiments),
                    String.join(", ", peer.experiments())));
      }
    }
  }

  public boolean wants(Peer peer) {
    return named.map(each -> each.contains(peer)).orElse(peer.unlessSaid());
  }

  /** Makes a peer that listens when this returns. */
  @FunctionalInterface
  public interface Starting<P> {
    P start() throws InterruptedException;
  }

  /**
   * Starts a peer that is wanted.
   *
   * @param note takes why it is not there
   * @throws HeddleException UNAVAILABLE if it was asked for by name and cannot be had
   */
  public <P> Optional<P> start(Peer peer, Starting<P> how, Consumer<String> note)
      throws InterruptedException {
    if (!wants(peer)) {
      return Optional.empty();
    }
    try {
      return Optional.of(how.start());
    } catch (HeddleException e) {
      var told = peer.label() + ": " + e.getMessage() + "; it needs: " + peer.needs();
      if (named.isPresent()) {
        throw new HeddleException(
            ErrorCode.UNAVAILABLE, "peer " + told + "; or leave it out of --peers", e);
      }
      note.accept("NO PEER: " + told);
      return Optional.empty();
    }
  }

  /** For the report. */
  List<String> shown() {
    var labels = new ArrayList<String>();
    named.orElse(Set.of()).stream().sorted().forEach(peer -> labels.add(peer.label()));
    return labels;
  }
}
