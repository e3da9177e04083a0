package dev.heddle.loadtest.search;

/** What a query asks for; all are about one text field. */
enum SearchKind {
  /** One word, best ten. */
  TERM("term", 1),
  /** Either of two words, best ten. */
  MATCH("match", 2),
  /** Any of three words, best ten. */
  DISJUNCTION("disjunction", 3),
  /** The first two words, and not the third; best ten. */
  BOOLEAN("boolean", 3),
  /** Two words side by side, best ten. */
  PHRASE("phrase", 2),
  /** Counts of a keyword field over all documents with a word. */
  TERMS("terms", 1);

  private final String label;
  private final int words;

  SearchKind(String label, int words) {
    this.label = label;
    this.words = words;
  }

  String label() {
    return label;
  }

  /** How many a query of this kind has. */
  int words() {
    return words;
  }
}
