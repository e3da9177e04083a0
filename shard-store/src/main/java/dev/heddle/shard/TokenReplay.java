package dev.heddle.shard;

import org.apache.lucene.analysis.TokenStream;
import org.apache.lucene.analysis.tokenattributes.CharTermAttribute;
import org.apache.lucene.analysis.tokenattributes.OffsetAttribute;
import org.apache.lucene.analysis.tokenattributes.PositionIncrementAttribute;

/** Hands text that is analysed already to the index writer. */
final class TokenReplay extends TokenStream {
  private final Tokens tokens;
  private final CharTermAttribute term = addAttribute(CharTermAttribute.class);
  private final OffsetAttribute offset = addAttribute(OffsetAttribute.class);
  private final PositionIncrementAttribute increment =
      addAttribute(PositionIncrementAttribute.class);
  private int next;

  TokenReplay(Tokens tokens) {
    this.tokens = tokens;
  }

  @Override
  public void reset() {
    next = 0;
  }

  @Override
  public boolean incrementToken() {
    if (next == tokens.size()) {
      return false;
    }
    clearAttributes();
    term.append(tokens.term(next));
    offset.setOffset(tokens.start(next), tokens.end(next));
    increment.setPositionIncrement(tokens.increment(next));
    next++;
    return true;
  }

  @Override
  public void end() {
    clearAttributes();
    increment.setPositionIncrement(0);
    offset.setOffset(tokens.length(), tokens.length());
  }
}
