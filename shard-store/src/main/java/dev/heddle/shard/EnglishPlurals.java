package dev.heddle.shard;

import java.io.IOException;
import org.apache.lucene.analysis.TokenFilter;
import org.apache.lucene.analysis.TokenStream;
import org.apache.lucene.analysis.tokenattributes.CharTermAttribute;

/**
 * Takes the last letter off plurals that Krovetz stemming leaves alone because they are words of
 * their own: kings, states, elements. Endings that are seldom plurals (physics, Paris, Texas) stay.
 */
final class EnglishPlurals extends TokenFilter {
  private static final int SHORTEST = 5;

  private final CharTermAttribute term = addAttribute(CharTermAttribute.class);

  EnglishPlurals(TokenStream input) {
    super(input);
  }

  @Override
  public boolean incrementToken() throws IOException {
    if (!input.incrementToken()) {
      return false;
    }
    if (plural()) {
      term.setLength(term.length() - 1);
    }
    return true;
  }

  private boolean plural() {
    int length = term.length();
    return length >= SHORTEST
        && term.charAt(length - 1) == 's'
        && "suioac".indexOf(term.charAt(length - 2)) < 0;
  }
}
