package dev.heddle.loadtest.gateway;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.heddle.loadtest.chaos.AtExit;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.Writer;
import java.lang.ProcessBuilder.Redirect;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Clients in a process of their own, which does as the lines of its input say and answers each with
 * one line. It ends with its input, so with this process. Owned by one thread.
 */
final class Generator implements AutoCloseable {
  /** Begins a line of answer; others are of libraries. */
  private static final String ANSWER = "answer: ";

  private static final String FAILED = "failed: ";

  private final Process process;
  private final Writer out;
  private final BufferedReader in;
  private final AtExit atExit;

  private Generator(Process process) {
    this.process = process;
    this.out = process.outputWriter(UTF_8);
    this.in = new BufferedReader(new InputStreamReader(process.getInputStream(), UTF_8));
    this.atExit = AtExit.run("generator-at-exit", process::destroyForcibly);
  }

  /** What a generator does as a line says. */
  @FunctionalInterface
  interface Work {
    /** The answer, without line breaks. */
    String answer(String line) throws InterruptedException;
  }

  /** Starts a main method that {@link #serve}s. */
  static Generator start(Class<?> main, List<String> arguments, Path log) {
    var command = new ArrayList<String>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-Xmx512m", "-XX:+UseSerialGC", main.getName()));
    command.addAll(arguments);
    var builder = new ProcessBuilder(command).redirectError(Redirect.appendTo(log.toFile()));
    builder.environment().put("CLASSPATH", System.getProperty("java.class.path"));
    try {
      return new Generator(builder.start());
    } catch (IOException e) {
      throw new HeddleException(ErrorCode.UNAVAILABLE, "generator: " + e, e);
    }
  }

  /** In the process of a generator: answers line by line, until its input ends. */
  static void serve(Work work) throws IOException, InterruptedException {
    try (var in = new BufferedReader(new InputStreamReader(System.in, UTF_8))) {
      for (var line = in.readLine(); line != null; line = in.readLine()) {
        System.out.println(ANSWER + answer(work, line));
        System.out.flush();
      }
    }
  }

  private static String answer(Work work, String line) throws InterruptedException {
    try {
      return work.answer(line);
    } catch (HeddleException e) {
      return FAILED + e.getMessage();
    }
  }

  long pid() {
    return process.pid();
  }

  /**
   * The answer to a line.
   *
   * @throws HeddleException UNAVAILABLE if it has failed
   */
  String ask(String line) {
    String answer;
    try {
      out.write(line + "\n");
      out.flush();
      answer = in.readLine();
      while (answer != null && !answer.startsWith(ANSWER)) {
        answer = in.readLine();
      }
    } catch (IOException e) {
      throw new HeddleException(ErrorCode.UNAVAILABLE, "generator: " + line + ": " + e, e);
    }
    var said = answer == null ? FAILED + "it ended" : answer.substring(ANSWER.length());
    if (said.startsWith(FAILED)) {
      throw new HeddleException(ErrorCode.UNAVAILABLE, "generator: " + line + ": " + said);
    }
    return said;
  }

  /** As {@link #ask}, of a line that is answered with a number. */
  int number(String line) {
    var answer = ask(line);
    if (!answer.matches("\\d{1,9}")) {
      throw new HeddleException(ErrorCode.UNAVAILABLE, "generator: " + line + ": " + answer);
    }
    return Integer.parseInt(answer);
  }

  @Override
  public void close() {
    atExit.cancel();
    var _ = process.destroyForcibly().onExit().join();
  }
}
