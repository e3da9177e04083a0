package dev.heddle.loadtest.chaos;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Documents that are written once and never again: which of them were acknowledged, and so have to
 * be there for ever. Safe for any thread.
 */
final class Ledger {
  /** Named problems of each sort at most. */
  private static final int SHOWN = 5;

  private final Map<String, StoredDocument> acknowledged = new ConcurrentHashMap<>();
  private final Set<String> inDoubt = ConcurrentHashMap.newKeySet();
  private final Set<String> refused = ConcurrentHashMap.newKeySet();

  void acknowledged(StoredDocument document) {
    acknowledged.put(document.id(), document);
  }

  void inDoubt(String id) {
    inDoubt.add(id);
  }

  void refused(String id) {
    refused.add(id);
  }

  int acknowledged() {
    return acknowledged.size();
  }

  int inDoubt() {
    return inDoubt.size();
  }

  int refused() {
    return refused.size();
  }

  /**
   * What a look at all documents showed.
   *
   * @param lost acknowledged, and not there or not as written
   * @param phantoms there although nobody was told that they were written, or refused for certain
   * @param problems some of both by name
   */
  record Audit(int lost, int phantoms, List<String> problems) {
    Audit {
      problems = List.copyOf(problems);
    }
  }

  /**
   * Compares the ledger with all documents that the dataset has now.
   *
   * @param prefix of the ids of the ledger's documents
   */
  Audit audit(List<StoredDocument> documents, String prefix) {
    var there = new HashMap<String, StoredDocument>();
    var problems = new ArrayList<String>();
    int phantoms = 0;
    for (var document : documents) {
      var id = document.id();
      boolean twice = there.put(id, document) != null;
      boolean unknown = id.startsWith(prefix) && !acknowledged.containsKey(id);
      if (twice || (unknown && !inDoubt.contains(id))) {
        phantoms++;
        if (phantoms <= SHOWN) {
          var why = twice ? "twice" : refused.contains(id) ? "refused" : "never written";
          problems.add("there: " + document + " (" + why + ")");
        }
      }
    }
    int lost = 0;
    for (var written : acknowledged.values()) {
      var found = there.get(written.id());
      if (!written.equals(found)) {
        lost++;
        if (lost <= SHOWN) {
          problems.add("LOST: " + written + " (there: " + found + ")");
        }
      }
    }
    return new Audit(lost, phantoms, problems);
  }
}
