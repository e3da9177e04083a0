package dev.heddle.sample.search;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import tools.jackson.databind.json.JsonMapper;

/** Queries, and which documents answer them how well; see judgements.tsv. */
record Judgements(List<Judged> queries) {
  private static final String CATEGORY = "category:";
  private static final int BEST = 3;
  private static final int LISTED = 2;

  /**
   * One query.
   *
   * @param kind alias, name, question or list
   * @param grades 1..3 by document id
   * @param titles by document id, for people
   */
  record Judged(
      String kind, String query, Map<String, Integer> grades, Map<String, String> titles) {}

  /**
   * Reads the lines against the corpus.
   *
   * @throws IllegalArgumentException if a title or category is in no document
   */
  static Judgements read(List<String> lines, Corpus.Documents corpus) {
    var titles = new HashMap<String, String>();
    var categories = new HashMap<String, Map<String, String>>();
    while (corpus.hasNext()) {
      var document = corpus.next();
      var json = JsonMapper.shared().readTree(document.json());
      var title = json.get("title").stringValue();
      titles.put(title, document.id());
      json.path("categories")
          .forEach(category ->
              categories
                  .computeIfAbsent(category.stringValue(), name -> new TreeMap<>())
                  .put(document.id(), title));
    }
    var queries = new ArrayList<Judged>();
    for (var line : lines) {
      if (!line.startsWith("#") && !line.isBlank()) {
        queries.add(judged(line.split("\t", -1), titles, categories));
      }
    }
    return new Judgements(List.copyOf(queries));
  }

  private static Judged judged(
      String[] columns, Map<String, String> titles, Map<String, Map<String, String>> categories) {
    var grades = new HashMap<String, Integer>();
    var names = new HashMap<String, String>();
    for (var relevant : columns[2].split("\\|", -1)) {
      if (relevant.startsWith(CATEGORY)) {
        var members = categories.getOrDefault(relevant.substring(CATEGORY.length()), Map.of());
        check(!members.isEmpty(), relevant);
        members.keySet().forEach(id -> grades.put(id, LISTED));
        names.putAll(members);
      } else {
        int equals = relevant.lastIndexOf('=');
        var title = equals < 0 ? relevant : relevant.substring(0, equals);
        var id = titles.get(title);
        check(id != null, relevant);
        grades.put(id, equals < 0 ? BEST : Integer.parseInt(relevant.substring(equals + 1)));
        names.put(id, title);
      }
    }
    return new Judged(columns[0], columns[1], Map.copyOf(grades), Map.copyOf(names));
  }

  private static void check(boolean known, String relevant) {
    if (!known) {
      throw new IllegalArgumentException(relevant + ": in no document (expected: in the corpus)");
    }
  }

  /** The aliases to withhold: the texts of the alias queries, folded. */
  static Set<String> withheld(List<String> lines) {
    var withheld = new TreeSet<String>();
    for (var line : lines) {
      if (line.startsWith("alias\t")) {
        withheld.add(line.split("\t", -1)[1]);
      }
    }
    return withheld;
  }
}
