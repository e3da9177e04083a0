package dev.heddle.sample.search;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class ResourceNameTest {
  @Test
  void decodesUnderscoresAndEscapes() {
    assertEquals(
        "Lothar Matthäus",
        ResourceName.readable("http://dbpedia.org/resource/Lothar_Matth%C3%A4us"));
    assertEquals(
        "BAFTA winners (people)",
        ResourceName.readable("http://dbpedia.org/resource/Category:BAFTA_winners_%28people%29"));
  }

  @Test
  void leavesWhatIsNoEscape() {
    assertEquals("100% Arabica", ResourceName.readable("http://dbpedia.org/resource/100%_Arabica"));
  }

  @Test
  void aRedirectToASectionLeadsToItsArticle() {
    assertEquals(
        "http://dbpedia.org/resource/Fellow",
        ResourceName.article("http://dbpedia.org/resource/Fellow%23Oxford"));
  }
}
