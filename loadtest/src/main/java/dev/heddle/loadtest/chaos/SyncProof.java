package dev.heddle.loadtest.chaos;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * Whether every acknowledged write was on the disk before its reply left: for each one the trace of
 * the server's system calls must show that its bytes were written to the log, that the log was
 * synced after that, and that the reply was handed to the socket after the sync had returned.
 *
 * @param steps lines of the trace for each write, in order
 * @param problems what is missing; empty: proven
 */
public record SyncProof(List<Steps> steps, List<String> problems) {
  public SyncProof {
    steps = List.copyOf(steps);
    problems = List.copyOf(problems);
  }

  /**
   * Lines of the trace.
   *
   * @param written at which the write to the log returned
   * @param synced at which the sync returned
   * @param replied at which the reply was handed over
   */
  public record Steps(String marker, int written, int synced, int replied) {}

  /**
   * @param calls of the whole server
   * @param log paths of the log's files
   * @param port of the server to which one client sent the writes, one after the other, and nothing
   *     else, over one connection; others may have other connections
   * @param markers each a text that stands in one of the writes and nowhere else, in their order
   */
  static SyncProof of(List<SystemCall> calls, Pattern log, int port, List<String> markers) {
    var connections = connections(calls, port);
    var theirs = connections.stream().filter(each -> each.size() == markers.size()).toList();
    if (theirs.size() != 1) {
      return new SyncProof(
          List.of(),
          List.of(
              "connections to port "
                  + port
                  + ": with "
                  + connections.stream().map(List::size).toList()
                  + " replies (expected: one with "
                  + markers.size()
                  + ", one for each write)"));
    }
    var replies = theirs.getFirst();
    var logCalls = calls.stream().filter(call -> log.matcher(call.target()).matches()).toList();
    var steps = new ArrayList<Steps>();
    var problems = new ArrayList<String>();
    for (int i = 0; i < markers.size(); i++) {
      prove(markers.get(i), logCalls, replies.get(i), steps, problems);
    }
    return new SyncProof(steps, problems);
  }

  /** The replies on each connection. */
  static List<List<SystemCall>> connections(List<SystemCall> calls, int port) {
    var connections = new LinkedHashMap<String, List<SystemCall>>();
    for (var call : calls) {
      boolean here = call.ports().filter(ports -> ports.local() == port).isPresent();
      if (here && call.succeeded() && call.writes()) {
        connections.computeIfAbsent(call.target(), target -> new ArrayList<>()).add(call);
      }
    }
    return connections.values().stream().map(ReplyFrames::find).toList();
  }

  private static void prove(
      String marker,
      List<SystemCall> logCalls,
      SystemCall reply,
      List<Steps> steps,
      List<String> problems) {
    var write = written(logCalls, marker);
    if (write.isEmpty()) {
      problems.add(marker + ": replied at line " + reply.begun() + ", never written to the log");
      return;
    }
    var written = write.get();
    var sync =
        logCalls.stream()
            .filter(call ->
                call.syncs()
                    && call.succeeded()
                    && call.target().equals(written.target())
                    && call.begun() > written.ended()
                    && call.ended() < reply.begun())
            .findFirst();
    if (sync.isEmpty()) {
      problems.add(
          marker
              + ": replied at line "
              + reply.begun()
              + ", written at line "
              + written.ended()
              + ", and not synced in between");
      return;
    }
    steps.add(new Steps(marker, written.ended(), sync.get().ended(), reply.begun()));
  }

  /** The first call that wrote a text to the log. */
  static Optional<SystemCall> written(List<SystemCall> logCalls, String marker) {
    return logCalls.stream()
        .filter(call -> call.succeeded() && call.writes() && contains(call, marker))
        .findFirst();
  }

  private static boolean contains(SystemCall call, String marker) {
    // One character for each byte: places of bytes are places of characters.
    var data = new String(call.data(), StandardCharsets.ISO_8859_1);
    return data.contains(marker);
  }
}
