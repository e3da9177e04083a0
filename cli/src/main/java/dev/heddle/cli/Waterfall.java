package dev.heddle.cli;

import dev.heddle.cli.terminal.Figures;
import java.util.Locale;
import tools.jackson.databind.JsonNode;

/** What each leaf and shard did, and when, as bars over the time of the query. */
final class Waterfall {
  private static final int BAR = 40;
  private static final int LABEL = 20;

  private Waterfall() {}

  /**
   * @param explanation of an answer: {@code planMicros}, {@code leaves} with {@code sentMicros} and
   *     so on
   */
  static String of(JsonNode explanation) {
    long plan = explanation.path("planMicros").asLong(0);
    long scatter = explanation.path("scatterMicros").asLong(0);
    long finish = explanation.path("finishMicros").asLong(0);
    long wait = explanation.path("admission").path("waitMicros").asLong(0);
    long end = Math.max(1, wait + plan + scatter + finish);
    for (JsonNode leaf : explanation.path("leaves")) {
      end = Math.max(end, leaf.path("receivedMicros").asLong(0));
    }
    StringBuilder text = new StringBuilder();
    if (wait > 0) {
      line(text, "wait for a place", 0, wait, end, "");
    }
    line(text, "plan", wait, plan, end, "");
    for (JsonNode leaf : explanation.path("leaves")) {
      leaf(text, leaf, end);
    }
    line(text, "finish", wait + plan + scatter, finish, end, "");
    int rounds = explanation.path("statisticsRounds").asInt(0);
    if (rounds > 0) {
      text.append(Figures.count(rounds, "extra round")).append(" for statistics\n");
    }
    hedges(text, explanation);
    explanation.path("skipped").forEach(skipped -> skipped(text, skipped));
    explanation.path("choices").forEach(choice -> choice(text, choice));
    return text.toString().stripTrailing();
  }

  private static void hedges(StringBuilder text, JsonNode explanation) {
    long after = explanation.path("hedgeAfterMicros").asLong(0);
    if (after > 0) {
      text.append("late after ").append(Figures.micros(after));
      long hedged = explanation.path("hedged").asLong(0);
      if (hedged > 0) {
        text.append(": ").append(Figures.count(hedged, "shard")).append(" asked elsewhere, too");
      }
      text.append('\n');
    }
    long denied = explanation.path("denied").asLong(0);
    if (denied > 0) {
      text.append("no budget to ask elsewhere for ")
          .append(Figures.count(denied, "shard"))
          .append('\n');
    }
  }

  /** Why a shard was not searched; one line. */
  private static void skipped(StringBuilder text, JsonNode skipped) {
    String node = skipped.path("node").asString("");
    text.append("shard ")
        .append(skipped.path("shard").asInt())
        .append(node.isEmpty() ? " not asked: " : " skipped by " + node + ": ")
        .append(skipped.path("reason").asString(""))
        .append('\n');
  }

  /** Whom a shard was asked of, and what each replica would have cost; one line. */
  private static void choice(StringBuilder text, JsonNode choice) {
    if (choice.path("replicas").size() < 2) {
      return;
    }
    text.append("shard ")
        .append(choice.path("shard").asInt())
        .append(" asked of ")
        .append(choice.path("node").asString(""))
        .append("; C3 cost");
    String between = ": ";
    for (JsonNode replica : choice.path("replicas")) {
      String standing = replica.path("standing").asString("");
      text.append(between)
          .append(replica.path("node").asString(""))
          .append(' ')
          .append(
              standing.isEmpty()
                  ? Figures.count(Math.round(replica.path("cost").asDouble(0)))
                  : standing);
      between = ", ";
    }
    text.append('\n');
  }

  private static void leaf(StringBuilder text, JsonNode leaf, long end) {
    long sent = leaf.path("sentMicros").asLong(0);
    long took = Math.max(0, leaf.path("receivedMicros").asLong(0) - sent);
    String error = leaf.path("error").asString("");
    String note =
        error.isEmpty()
            ? "queued "
                + Figures.micros(leaf.path("queueMicros").asLong(0))
                + ", active "
                + Figures.micros(leaf.path("activeMicros").asLong(0))
                + ", "
                + Figures.bytes(leaf.path("responseBytes").asLong(0))
            : error;
    String kind = leaf.path("kind").asString("");
    if (kind.equals("hedge") || kind.equals("retry") || kind.equals("whole")) {
      note = kind + ", " + note;
    }
    int hits = leaf.path("k").asInt(0);
    if (hits > 0) {
      note += ", asked for " + Figures.count(hits, "hit");
    }
    String ended = leaf.path("end").asString("");
    if (ended.equals("outrun") || ended.equals("left")) {
      note = (kind.equals("hedge") ? "hedge, " : "") + ended;
    }
    String by = leaf.path("coordinator").asString("");
    String node = leaf.path("node").asString("");
    line(text, by.isEmpty() ? node : by + " > " + node, sent, took, end, note);
    for (JsonNode shard : leaf.path("shards")) {
      line(
          text,
          "  shard " + shard.path("shard").asInt(),
          sent + shard.path("startMicros").asLong(0),
          shard.path("activeMicros").asLong(0),
          end,
          Figures.count(shard.path("matched").asLong(0))
              + " of "
              + Figures.count(shard.path("documents").asLong(0), "document"));
    }
  }

  private static void line(
      StringBuilder text, String label, long start, long took, long end, String note) {
    int from = Math.clamp(BAR * start / end, 0, BAR - 1);
    int length = Math.clamp(Math.ceilDiv(BAR * took, end), 1, BAR - from);
    String bar = " ".repeat(from) + "=".repeat(length) + " ".repeat(BAR - from - length);
    text.append(
        String.format(
            Locale.ROOT,
            "%-" + LABEL + "s |%s| %8s  %s",
            label.length() <= LABEL ? label : label.substring(0, LABEL),
            bar,
            Figures.micros(took),
            note));
    while (text.charAt(text.length() - 1) == ' ') {
      text.setLength(text.length() - 1);
    }
    text.append('\n');
  }
}
