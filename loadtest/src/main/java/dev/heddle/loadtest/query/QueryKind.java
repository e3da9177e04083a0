package dev.heddle.loadtest.query;

/** What a query of the workload asks for; each made kind has an equal share. */
enum QueryKind {
  /** One word. */
  SINGLE_TERM("single term"),
  /** Two to four words of one document, any of which may match. */
  MULTI_TERM("multi-term"),
  /** Two or three words that stand side by side in a field. */
  PHRASE("phrase"),
  /** A word, a filter on a keyword, and counts of up to two keyword fields. */
  FILTER_FACET("filter + facet"),
  /** From the user's file. */
  GIVEN("given");

  private final String label;

  QueryKind(String label) {
    this.label = label;
  }

  String label() {
    return label;
  }
}
