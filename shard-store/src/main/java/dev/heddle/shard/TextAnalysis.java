package dev.heddle.shard;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.HashSet;
import java.util.Set;
import org.apache.lucene.analysis.Analyzer;
import org.apache.lucene.analysis.LowerCaseFilter;
import org.apache.lucene.analysis.TokenStream;
import org.apache.lucene.analysis.en.EnglishPossessiveFilter;
import org.apache.lucene.analysis.en.KStemFilter;
import org.apache.lucene.analysis.miscellaneous.ASCIIFoldingFilter;
import org.apache.lucene.analysis.miscellaneous.StemmerOverrideFilter;
import org.apache.lucene.analysis.standard.StandardTokenizer;
import org.apache.lucene.analysis.tokenattributes.CharTermAttribute;
import org.apache.lucene.analysis.tokenattributes.OffsetAttribute;
import org.apache.lucene.analysis.tokenattributes.PositionIncrementAttribute;

/**
 * The analyzers that a schema can name. All split at Unicode word boundaries, lower the case and
 * drop accents; {@code english} also stems (Krovetz: to real words, American to America, and names
 * stay whole). Words without meaning of their own stay in the index, so phrases hold; queries leave
 * them out. Safe for any thread.
 */
final class TextAnalysis {
  static final String ENGLISH = "english";

  /** Positions between two values of a field: no phrase reaches over. */
  static final int POSITION_GAP = 100;

  private static final StemmerOverrideFilter.StemmerOverrideMap IRREGULAR =
      overrides(
          "children child men man women woman wives wife wolves wolf knives knife leaves leaf"
              + " mice mouse feet foot teeth tooth geese goose gods god wrote write written write"
              + " won win led lead sang sing sung sing");

  private static final Analyzer PLAIN = new Chain(false);
  private static final Analyzer STEMMING = new Chain(true);

  /** Common words and those that questions are made of, as {@code english} analyses them. */
  private static final Set<String> EMPTY_WORDS =
      terms(
          "a an the and or but if then than that this these those there here of in on at by for to"
              + " from into onto with without about as is are was were be been being am do does did"
              + " done have has had having it its he him his she her hers they them their theirs we"
              + " us our you your i me my mine who whom whose which what when where why how not no"
              + " nor so such can could may might must shall should will would also any some all"
              + " each every both either give show tell find get s t");

  private TextAnalysis() {}

  /** Pairs of a form and its base. */
  private static StemmerOverrideFilter.StemmerOverrideMap overrides(String pairs) {
    StemmerOverrideFilter.Builder builder = new StemmerOverrideFilter.Builder();
    String[] words = pairs.split(" ");
    for (int i = 0; i < words.length; i += 2) {
      builder.add(words[i], words[i + 1]);
    }
    try {
      return builder.build();
    } catch (IOException e) {
      throw new UncheckedIOException("overrides in memory failed", e);
    }
  }

  private static Set<String> terms(String words) {
    Tokens tokens = analyze(ENGLISH, words);
    Set<String> terms = new HashSet<>();
    for (int token = 0; token < tokens.size(); token++) {
      terms.add(tokens.term(token));
    }
    return Set.copyOf(terms);
  }

  /**
   * Splits text into terms.
   *
   * @param analyzer {@code standard}, {@code english} or {@code simple}
   */
  static Tokens analyze(String analyzer, String text) {
    Tokens tokens = new Tokens(text.length());
    Analyzer chain = analyzer.equals(ENGLISH) ? STEMMING : PLAIN;
    try (TokenStream stream = chain.tokenStream("", text)) {
      CharTermAttribute term = stream.getAttribute(CharTermAttribute.class);
      OffsetAttribute offset = stream.getAttribute(OffsetAttribute.class);
      PositionIncrementAttribute increment = stream.getAttribute(PositionIncrementAttribute.class);
      stream.reset();
      while (stream.incrementToken()) {
        tokens.add(
            term.toString(),
            offset.startOffset(),
            offset.endOffset(),
            increment.getPositionIncrement());
      }
      stream.end();
    } catch (IOException e) {
      throw new UncheckedIOException("analysis of a string in memory failed", e);
    }
    return tokens;
  }

  /** Whether the term says nothing about what is looked for. */
  static boolean empty(String analyzer, String term) {
    return analyzer.equals(ENGLISH) && EMPTY_WORDS.contains(term);
  }

  /** Joins values of a field when an index takes tokens that are analysed already. */
  static final class Gaps extends Analyzer {
    @Override
    protected TokenStreamComponents createComponents(String fieldName) {
      throw new UnsupportedOperationException(
          fieldName + ": analysed by the index writer (expected: tokens)");
    }

    @Override
    public int getPositionIncrementGap(String fieldName) {
      return POSITION_GAP;
    }
  }

  private static final class Chain extends Analyzer {
    private final boolean stemming;

    Chain(boolean stemming) {
      this.stemming = stemming;
    }

    @Override
    protected TokenStreamComponents createComponents(String fieldName) {
      StandardTokenizer source = new StandardTokenizer();
      TokenStream stream = stemming ? new EnglishPossessiveFilter(source) : source;
      stream = new ASCIIFoldingFilter(new LowerCaseFilter(stream));
      if (stemming) {
        stream = new EnglishPlurals(new KStemFilter(new StemmerOverrideFilter(stream, IRREGULAR)));
      }
      return new TokenStreamComponents(source, stream);
    }
  }
}
