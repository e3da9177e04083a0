package dev.heddle.loadtest.chaos;

import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;

/** Runs small programs of the operating system and waits for their end. */
final class SystemTool {
  private SystemTool() {}

  /** What a program left. */
  private record Result(int code, String output) {}

  private static Result execute(List<String> command) {
    try {
      var process = new ProcessBuilder(command).redirectErrorStream(true).start();
      process.getOutputStream().close();
      var output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      return new Result(process.waitFor(), output.strip());
    } catch (IOException e) {
      return new Result(-1, String.valueOf(e.getMessage()));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return new Result(-1, "interrupted");
    }
  }

  /**
   * @return what it printed
   * @throws HeddleException UNAVAILABLE with what it printed, if it fails or is not there
   */
  static String run(String... command) {
    var result = execute(List.of(command));
    if (result.code != 0) {
      throw new HeddleException(
          ErrorCode.UNAVAILABLE,
          String.join(" ", command) + ": " + result.code + ", " + result.output);
    }
    return result.output;
  }

  /** Why it fails, if it does. */
  static Optional<String> failure(String... command) {
    var result = execute(List.of(command));
    return result.code == 0
        ? Optional.empty()
        : Optional.of(String.join(" ", command) + ": " + result.output);
  }
}
