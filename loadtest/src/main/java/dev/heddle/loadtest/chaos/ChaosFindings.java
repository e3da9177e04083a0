package dev.heddle.loadtest.chaos;

import dev.heddle.loadtest.consistency.LinearizabilityChecker;
import dev.heddle.loadtest.consistency.SessionChecker;
import dev.heddle.loadtest.consistency.Verdict;
import dev.heddle.process.HeddleException;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;

/** Checks what the clients of a run were told, against each other and against what is there. */
record ChaosFindings(LoadClient.Records records, List<String> problems, Consumer<String> progress) {
  /** Named violations at most. */
  private static final int SHOWN = 5;

  /**
   * @param reader sees all documents
   * @param figures takes the counts
   */
  void check(DocumentsGrpcClient reader, Map<String, Object> figures) {
    answers(figures);
    audit(reader, figures);
    histories(figures);
    sessions(figures);
  }

  private void answers(Map<String, Object> figures) {
    var tally = records.tally();
    figures.put("writesAcknowledged", tally.writes());
    figures.put("reads", tally.reads());
    figures.put("conflicts", tally.conflicts());
    figures.put("errors", new TreeMap<>(tally.errors()));
    figures.put("wrongAnswers", tally.wrong());
    tally.wrongOnes().forEach(each -> problems.add("answer: " + each));
  }

  private void audit(DocumentsGrpcClient reader, Map<String, Object> figures) {
    progress.accept("auditing " + records.ledger().acknowledged() + " documents");
    figures.put("audited", records.ledger().acknowledged());
    figures.put("inDoubt", records.ledger().inDoubt());
    figures.put("refused", records.ledger().refused());
    try {
      var audit = records.ledger().audit(reader.scan(ReadLevel.LINEARIZABLE), LoadClient.ONCE);
      figures.put("lost", audit.lost());
      figures.put("phantoms", audit.phantoms());
      problems.addAll(audit.problems());
    } catch (HeddleException e) {
      problems.add("audit: cannot read all documents: " + e.getMessage());
    }
  }

  private void histories(Map<String, Object> figures) {
    var operations = records.history().operations();
    progress.accept("checking a history of " + operations.size() + " operations");
    var verdicts = new LinearizabilityChecker().check(operations);
    var violations = verdicts.stream().filter(each -> each instanceof Verdict.Violation).toList();
    var open = verdicts.stream().filter(each -> each instanceof Verdict.GaveUp).toList();
    figures.put("operations", operations.size());
    figures.put("keysNotLinearizable", violations.size());
    figures.put("keysNotDecided", open.size());
    violations.stream().limit(SHOWN).forEach(each -> problems.add(each.toString()));
    open.forEach(each -> problems.add(each.toString()));
  }

  private void sessions(Map<String, Object> figures) {
    var events = records.history().events();
    var violations = SessionChecker.check(events);
    figures.put("sessionEvents", events.size());
    figures.put("sessionViolations", violations.size());
    violations.stream().limit(SHOWN).forEach(each -> problems.add(each.toString()));
  }
}
