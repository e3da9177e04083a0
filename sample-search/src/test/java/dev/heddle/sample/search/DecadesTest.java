package dev.heddle.sample.search;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class DecadesTest {
  @Test
  void aPersonBelongsToTheDecadeOfBirthAlone() {
    assertEquals(
        Set.of("1870s"),
        Decades.of(List.of("1879 births", "1955 deaths", "Nobel laureates of 1921"), 0));
    assertEquals(Set.of("1980s"), Decades.of(List.of("Players at the 2008 Summer Olympics"), 1985));
    assertEquals(Set.of(), Decades.of(List.of("63 BC births", "Films about 1999"), 0));
  }

  @Test
  void thingsBelongToTheDecadesThatTheirCategoriesName() {
    assertEquals(Set.of("1990s"), Decades.of(List.of("1994 films", "American films"), 0));
    assertEquals(
        Set.of("1960s", "1970s"),
        Decades.of(List.of("1960s music groups", "Companies established in 1975"), 0));
    assertEquals(Set.of("750s"), Decades.of(List.of("States established in 752"), 0));
  }

  @Test
  void endingsAndRangesAndOtherNumbersSayNothing() {
    assertEquals(
        Set.of(),
        Decades.of(
            List.of(
                "1990 disestablishments",
                "1999 television series endings",
                "UK MPs 1997–2001",
                "U.S. Route 66",
                "Indianapolis 500 drivers",
                "1200 BC establishments"),
            0));
  }

  @Test
  void theYearOfBirthComesFromItsCategory() {
    assertEquals(1879, Decades.birthYear(List.of("Physicists", "1879 births")));
    assertEquals(-1, Decades.birthYear(List.of("63 BC births")));
    assertEquals(0, Decades.birthYear(List.of("1870s births")));
  }
}
