package dev.heddle.cli.demo;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class RestartPolicyTest {
  @Test
  void doublesThePauseUpToAMinute() {
    assertEquals(Duration.ofSeconds(10), RestartPolicy.DEFAULT.pause(1));
    assertEquals(Duration.ofSeconds(20), RestartPolicy.DEFAULT.pause(2));
    assertEquals(Duration.ofSeconds(40), RestartPolicy.DEFAULT.pause(3));
    assertEquals(Duration.ofSeconds(60), RestartPolicy.DEFAULT.pause(4));
    assertEquals(Duration.ofSeconds(60), RestartPolicy.DEFAULT.pause(40));
  }
}
