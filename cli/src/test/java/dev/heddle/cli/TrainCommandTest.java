package dev.heddle.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.heddle.cli.terminal.Console;
import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(120)
class TrainCommandTest {
  @Test
  void aTrainingRunDoesEverythingThatItSays() {
    var said = new StringWriter();
    var console = new Console(new PrintWriter(said, true), new PrintWriter(said, true), false);

    int code = Main.run(console, "train", "--rounds", "9");

    assertEquals("heddle: trained\n", said.toString());
    assertEquals(0, code);
  }
}
