package dev.heddle.loadtest.consistency;

import static java.util.Comparator.comparingLong;

import java.util.Locale;

/** Writes a violation for people. */
final class WitnessText {
  private WitnessText() {}

  static String of(Verdict.Violation violation) {
    var text = new StringBuilder("key " + violation.key() + ": no order explains");
    long start = violation.witnesses().stream().mapToLong(Operation::invoked).min().orElse(0);
    violation.witnesses().stream()
        .sorted(comparingLong(Operation::invoked))
        .forEach(each -> text.append(line(each, start)));
    if (violation.others() > 0) {
      text.append("\n  (").append(violation.others()).append(" others in that time do not help)");
    }
    return text.toString();
  }

  private static String line(Operation operation, long start) {
    return String.format(
        Locale.ROOT,
        "%n  %10.3f .. %10s ms  %s",
        (operation.invoked() - start) / 1e6,
        operation.inDoubt()
            ? "open"
            : String.format(Locale.ROOT, "%.3f", (operation.returned() - start) / 1e6),
        operation);
  }
}
