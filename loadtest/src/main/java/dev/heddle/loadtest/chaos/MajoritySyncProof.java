package dev.heddle.loadtest.chaos;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/**
 * Whether every acknowledged write was on the disks of a majority of its replicas before its reply
 * left: as {@link SyncProof}, with a trace for each replica's node. The traces are brought together
 * by the clock of the machine, on which all nodes run; a sync counts where it had returned when the
 * reply was handed to the socket. As at most one of the nodes leads, a majority also has a follower
 * that synced before it said so.
 *
 * @param synced for each write, in order, how many nodes had synced it
 * @param problems writes that no majority had; empty: proven
 */
public record MajoritySyncProof(List<Integer> synced, List<String> problems) {
  public MajoritySyncProof {
    synced = List.copyOf(synced);
    problems = List.copyOf(problems);
  }

  /**
   * @param nodes calls of each replica's node; the client wrote to the first
   * @param log paths of the logs' files
   * @param port of the first node, as for {@link SyncProof#of}
   * @param markers as there
   */
  static MajoritySyncProof of(
      List<List<SystemCall>> nodes, Pattern log, int port, List<String> markers) {
    var theirs =
        SyncProof.connections(nodes.getFirst(), port).stream()
            .filter(replies -> replies.size() == markers.size())
            .toList();
    if (theirs.size() != 1) {
      return new MajoritySyncProof(
          List.of(),
          List.of(
              "connections to port %d: %d with %d replies (expected: 1)"
                  .formatted(port, theirs.size(), markers.size())));
    }
    var logs =
        nodes.stream()
            .map(calls ->
                calls.stream().filter(call -> log.matcher(call.target()).matches()).toList())
            .toList();
    var counts = new ArrayList<Integer>();
    var problems = new ArrayList<String>();
    for (int i = 0; i < markers.size(); i++) {
      var marker = markers.get(i);
      long replied = theirs.getFirst().get(i).begunMicros();
      int synced = (int) logs.stream().filter(calls -> synced(calls, marker, replied)).count();
      counts.add(synced);
      if (synced <= nodes.size() / 2) {
        problems.add(
            "%s: synced on %d of %d nodes before its reply (expected: a majority)"
                .formatted(marker, synced, nodes.size()));
      }
    }
    return new MajoritySyncProof(counts, problems);
  }

  private static boolean synced(List<SystemCall> logCalls, String marker, long replied) {
    var written = SyncProof.written(logCalls, marker);
    return written.isPresent()
        && logCalls.stream()
            .anyMatch(call ->
                call.syncs()
                    && call.succeeded()
                    && call.target().equals(written.get().target())
                    && call.begun() > written.get().ended()
                    && call.endedMicros() <= replied);
  }
}
