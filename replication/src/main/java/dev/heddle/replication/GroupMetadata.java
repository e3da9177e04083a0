package dev.heddle.replication;

import dev.heddle.process.DurableFiles;
import java.io.IOException;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalLong;
import java.util.Properties;
import java.util.stream.Stream;
import org.apache.ratis.proto.RaftProtos.LogEntryProto;
import org.apache.ratis.proto.RaftProtos.RaftConfigurationProto;
import org.apache.ratis.thirdparty.com.google.protobuf.InvalidProtocolBufferException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The two small files beside a group's log, in which Ratis 3.3 keeps a member's term and vote, and
 * the group's members. Where the disk is full while it replaces one of them, it puts an empty file
 * in its place, and a group whose term cannot be read could never be opened again. Safe for any
 * thread.
 *
 * <p>The members come from a copy, up to which the log is kept. What is lost of the term is for
 * whom this member voted, and in which terms; so it takes part again in a term in which it cannot
 * have voted: the milliseconds of the clock, and some hours for clocks that differ. Terms are far
 * below them, and grow by one with an election, of which there are none every millisecond; after a
 * repair they stay behind the clock in the same way. Who never was a member never voted: its term
 * is one that it knows.
 */
final class GroupMetadata {
  private static final Logger log = LoggerFactory.getLogger(GroupMetadata.class);
  private static final String TERM = "term";
  private static final String VOTE = "votedFor";

  /** How far clocks may differ, in milliseconds: more than four hours. */
  private static final long CLOCKS = 1L << 24;

  private final Path current;
  private final Path vote;
  private final Path members;
  private final Path copy;

  /** The newest members, if they are not copied yet. Guarded by this. */
  private @Nullable LogEntryProto uncopied;

  /** Index of those that are; -1: none. Guarded by this. */
  private long copied = -1;

  /**
   * @param group folder of a group; need not exist
   */
  GroupMetadata(Path group) {
    current = group.resolve("current");
    vote = current.resolve("raft-meta");
    members = current.resolve("raft-meta.conf");
    copy = group.resolve("members");
  }

  /**
   * Before the group is opened.
   *
   * @param known a term that this member has heard of
   * @param millis of the clock, since 1970
   * @throws IOException if files cannot be read or written; they are left as they are
   */
  synchronized void repair(long known, long millis) throws IOException {
    if (!Files.exists(vote)) {
      // It begins anew: members of before are not its own.
      Files.deleteIfExists(copy);
      return;
    }
    LogEntryProto kept = entry(copy);
    LogEntryProto present = entry(members);
    copied = kept == null ? -1 : kept.getIndex();
    if (kept != null && present == null) {
      DurableFiles.replace(members, kept.toByteArray());
      log.warn("members of a group were lost, and are as they were last copied file={}", members);
    }
    if (term().isEmpty()) {
      long last = Math.max(known, kept == null ? 0 : kept.getTerm());
      boolean voter = kept != null || present != null || hasLog();
      long term = voter ? Math.max(last, millis) + CLOCKS : last;
      String text = TERM + "=" + term + "\n" + VOTE + "=\n";
      DurableFiles.replace(vote, text.getBytes(StandardCharsets.UTF_8));
      log.warn(
          "term and vote of a member were lost: it goes on in a new term file={} term={}",
          vote,
          term);
    }
  }

  /** Copies members that Ratis has just written, or could not write; older ones are passed over. */
  synchronized void keep(long term, long index, RaftConfigurationProto configuration) {
    if (index <= copied || (uncopied != null && index < uncopied.getIndex())) {
      return;
    }
    uncopied =
        LogEntryProto.newBuilder()
            .setTerm(term)
            .setIndex(index)
            .setConfigurationEntry(configuration)
            .build();
    try {
      copy();
    } catch (IOException e) {
      log.warn("members of a group are not copied: trying again before its log is cut", e);
    }
  }

  /**
   * Copies the newest members if that failed before; the log must not be cut before it is done.
   *
   * @throws IOException if it fails again
   */
  synchronized void copy() throws IOException {
    LogEntryProto newest = uncopied;
    if (newest != null) {
      DurableFiles.replace(copy, newest.toByteArray());
      copied = newest.getIndex();
      uncopied = null;
    }
  }

  /** Whether this term, or a later one, is on disk. */
  boolean hasTerm(long term) {
    try {
      return term().orElse(-1) >= term;
    } catch (IOException e) {
      return false;
    }
  }

  private boolean hasLog() throws IOException {
    try (Stream<Path> files = Files.list(current)) {
      return files.anyMatch(file -> String.valueOf(file.getFileName()).startsWith("log_"));
    }
  }

  private static @Nullable LogEntryProto entry(Path file) throws IOException {
    if (!Files.exists(file)) {
      return null;
    }
    try {
      LogEntryProto entry = LogEntryProto.parseFrom(Files.readAllBytes(file));
      return entry.hasConfigurationEntry() ? entry : null;
    } catch (InvalidProtocolBufferException e) {
      return null;
    }
  }

  /** Empty: the file does not say. */
  private OptionalLong term() throws IOException {
    String text = Files.readString(vote, StandardCharsets.ISO_8859_1);
    Properties properties = new Properties();
    try {
      properties.load(new StringReader(text));
      // What is cut off could be read as a shorter number.
      return properties.getProperty(VOTE) == null || !text.endsWith("\n")
          ? OptionalLong.empty()
          : OptionalLong.of(Long.parseLong(properties.getProperty(TERM, "")));
    } catch (IllegalArgumentException e) {
      return OptionalLong.empty();
    }
  }
}
