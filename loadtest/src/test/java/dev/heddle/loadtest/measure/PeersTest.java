package dev.heddle.loadtest.measure;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class PeersTest {
  private static final Peers.Starting<String> MISSING =
      () -> {
        throw new HeddleException(ErrorCode.UNAVAILABLE, "no network");
      };

  @Test
  void namesAreThoseOfTheCommandLine() {
    assertEquals(Peers.UNSAID, Peers.parse(List.of()));
    assertEquals(Peers.of(), Peers.parse(List.of("none")));
    assertEquals(
        Peers.of(Peer.OPENSEARCH, Peer.JETTY), Peers.parse(List.of("jetty", "opensearch")));
  }

  @Test
  void anUnknownPeerIsRefusedWithThoseThatThereAre() {
    var refusal =
        assertThrows(IllegalArgumentException.class, () -> Peers.parse(List.of("nchan2")));

    assertEquals(
        "peers: nchan2 (expected: of opensearch, functions-framework, workerd, jetty, netty, ws,"
            + " nchan, or none)",
        refusal.getMessage());
    assertThrows(IllegalArgumentException.class, () -> Peers.parse(List.of("none", "nobody")));
  }

  @Test
  void aPeerOfNoneOfTheExperimentsIsRefusedWithItsOwn() {
    Peers.of(Peer.JETTY).check(List.of("query", "elasticity"));
    Peers.UNSAID.check(List.of("chaos"));
    var refusal =
        assertThrows(
            HeddleException.class, () -> Peers.of(Peer.OPENSEARCH).check(List.of("chaos")));

    assertEquals(ErrorCode.INVALID_REQUEST, refusal.code());
    assertEquals(
        "peers: opensearch is none of chaos (expected: one of its experiments: query)",
        refusal.getMessage());
  }

  @Test
  void whereNobodySaysWhatIsAtHandTakesPart() throws Exception {
    assertTrue(Peers.UNSAID.wants(Peer.JETTY));
    assertFalse(Peers.UNSAID.wants(Peer.OPENSEARCH));
    assertFalse(Peers.of().wants(Peer.JETTY));
    assertEquals(Optional.of("up"), Peers.UNSAID.start(Peer.JETTY, () -> "up", note -> {}));
    assertEquals(Optional.empty(), Peers.of().start(Peer.JETTY, () -> "up", note -> {}));
  }

  @Test
  void aPeerThatNobodyNamedMayBeMissing() throws Exception {
    var notes = new ArrayList<String>();

    assertEquals(Optional.empty(), Peers.UNSAID.start(Peer.JETTY, MISSING, notes::add));

    assertEquals(List.of("NO PEER: jetty: no network; it needs: nothing"), notes);
  }

  @Test
  void aPeerThatWasNamedMustBeThere() {
    var refusal =
        assertThrows(
            HeddleException.class,
            () -> Peers.of(Peer.WORKERD).start(Peer.WORKERD, MISSING, note -> {}));

    assertEquals(ErrorCode.UNAVAILABLE, refusal.code());
    var message = String.valueOf(refusal.getMessage());
    assertTrue(message.contains("workerd: no network"), message);
    assertTrue(message.contains("npm must be installed"), message);
    assertTrue(message.contains("leave it out of --peers"), message);
  }
}
