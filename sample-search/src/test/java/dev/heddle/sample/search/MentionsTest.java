package dev.heddle.sample.search;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.api.Test;

class MentionsTest {
  private static final double HIGH = 0.8;
  private static final double LOW = 0.4;

  private final Mentions mentions = new Mentions();

  MentionsTest() {
    mentions.add("World War", "World War", LOW);
    mentions.add("World War II", "World War II", LOW);
    mentions.add("Second World War", "World War II", LOW);
    mentions.add("Association football", "Association football", LOW);
    mentions.add("France", "France", HIGH);
    mentions.add("Reading", "Reading", LOW);
    mentions.add("River", "River", HIGH);
    mentions.add("Raleigh, North Carolina", "Raleigh, North Carolina", LOW);
    mentions.add("The Australian", "The Australian", LOW);
    mentions.add("U.S.", "United States", HIGH);
    mentions.add("March 14", "March 14", HIGH);
    mentions.add("Java (island)", "Java (island)", HIGH);
  }

  @Test
  void theLongestNameWins() {
    assertEquals(List.of("World War II"), in("It ended World War II and the Second World War."));
  }

  @Test
  void namesOfSeveralWordsMayStartSmall() {
    assertEquals(List.of("Association football"), in("He plays association football."));
  }

  @Test
  void singleWordsMustBeProperNamesOfHighRank() {
    assertEquals(List.of("France"), in("She moved to France."));
    assertEquals(List.of(), in("France is where they went. River is a word."));
    assertEquals(List.of(), in("He lives in Reading near the Hudson River and a river."));
    assertEquals(List.of(), in("They made it through the Australian Open."));
  }

  @Test
  void namesKeepTheirMarks() {
    assertEquals(List.of("Raleigh, North Carolina"), in("Born in Raleigh, North Carolina, twice."));
    assertEquals(List.of(), in("He left Raleigh. North Carolina was near."));
    assertEquals(List.of("United States"), in("It came to the U.S. in time."));
  }

  @Test
  void daysAndQualifiedNamesAndTheArticleItselfAreNoMentions() {
    assertEquals(List.of(), in("On March 14 it rained on Java."));
    assertEquals(List.of(), List.copyOf(mentions.in("It was World War II.", "World War II")));
  }

  private List<String> in(String text) {
    return List.copyOf(mentions.in(text, "Something else"));
  }
}
