package dev.heddle.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.cli.client.RemoteFailure;
import dev.heddle.cli.terminal.Console;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Queue;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

class MainTest {
  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();
  private final Console console =
      new Console(new PrintWriter(out, true), new PrintWriter(err, true), false);

  @TempDir private Path folder;

  private int run(String... arguments) {
    return Main.run(console, arguments);
  }

  /** An address at which nobody listens, and nobody will: no test gets such a port. */
  private static final String NOBODY = "127.0.0.1:1";

  @Test
  void everyCommandHasHelpThatSaysWhatItIsFor() {
    Queue<CommandLine> commands = new ArrayDeque<>(List.of(Main.commands(console)));
    int seen = 0;
    while (!commands.isEmpty()) {
      CommandLine command = commands.remove();
      commands.addAll(command.getSubcommands().values());
      String name = command.getCommandSpec().qualifiedName();
      String[] arguments = (name + " --help").replaceFirst("heddle ", "").split(" ");
      out.getBuffer().setLength(0);
      assertEquals(0, run(arguments), name);
      assertTrue(out.toString().startsWith("Usage: " + name), out::toString);
      assertEquals(1, command.getCommandSpec().usageMessage().description().length, name);
      seen++;
    }
    assertTrue(seen >= 20, "commands: " + seen);
    assertEquals("", err.toString());
  }

  @Test
  void commandsThatTakeArgumentsShowExamples() {
    Main.commands(console)
        .getSubcommands()
        .forEach((name, command) ->
            assertTrue(
                String.join("\n", command.getCommandSpec().usageMessage().footer())
                    .contains("heddle " + name),
                name));
  }

  @Test
  void wrongUsageIsExitCodeTwoAndSaysWhereHelpIs() {
    assertEquals(2, run("qery"));
    assertTrue(err.toString().contains("heddle query"), err::toString);
    assertTrue(err.toString().contains("Try 'heddle --help'."), err::toString);
    assertEquals("", out.toString());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "function",
        "dataset",
        "app",
        "query",
        "query d x --args {",
        "query d x --args 3",
        "query d x --filter []",
        "query d x -k many",
        "load d",
        "load d f --shards 3",
        "load d f --replicas 3",
        "dataset alter d",
        "dataset alter d --add-field title",
        "dataset alter d --add-field title:prose",
        "dataset alter d --add-field title:text:english:heavy",
        "dataset create d",
        "document",
        "document put d 7",
        "document put d 7 []",
        "document put d 7 {} --file x",
        "doc get d",
        "doc scan d --limit -1",
        "doc scan d --limit 0 --json",
        "query d x --read newest",
        "demo --leaves 65",
        "demo --port 0",
        "demo --port 8080 --grpc-port 8080",
        "node --roles leaf",
        "node --roles butler --config x",
        "invoke f --event {",
        "invoke f --data {",
        "deploy",
        "deploy d --concurrency many",
        "deploy d --env NAME",
        "function alias f a",
        "function alias f a v --delete",
        "function alias f a v=0",
        "function alias f a v=1001 w",
        "function alias f a v w x",
        "function logs f -n 0",
        "function logs f -n 10001",
        "function init x",
        "function init x --runtime cobol",
        "function init Wrong --runtime java",
        "function init src --runtime java",
        "status --nonsense"
      })
  void isWrongUsage(String line) {
    String[] arguments = line.isEmpty() ? new String[0] : line.split(" ");
    assertEquals(2, run(arguments), err::toString);
    assertFalse(err.toString().isEmpty());
    assertFalse(err.toString().contains("\tat "), err::toString);
    assertEquals("", out.toString());
  }

  @Test
  void failsWithOneLineWhenNobodyAnswers() {
    for (List<String> command :
        List.of(
            List.of("status"),
            List.of("query", "d", "x"),
            List.of("function", "list"),
            List.of("dataset", "describe", "d"),
            List.of("dataset", "show", "d"),
            List.of("dataset", "alter", "d", "--replicas", "3"),
            List.of("document", "put", "d", "7", "{}"),
            List.of("doc", "get", "d", "7", "--read", "session", "--position", "t"),
            List.of("doc", "scan", "d"),
            List.of("load", "d", "dbpedia"),
            List.of("invoke", "f"))) {
      err.getBuffer().setLength(0);
      String[] arguments = new String[command.size() + 2];
      command.toArray(arguments);
      arguments[command.size()] = "--grpc";
      arguments[command.size() + 1] = NOBODY;
      assertEquals(1, run(arguments), command::toString);
      assertEquals(1, err.toString().lines().count(), err::toString);
      assertTrue(
          err.toString().startsWith("heddle: UNAVAILABLE: nothing answers at " + NOBODY),
          err::toString);
    }
  }

  @Test
  void failsOverHttpWhenNobodyAnswers() {
    String url = "http://" + NOBODY;
    assertEquals(1, run("app", "list", "--http", url));
    assertTrue(err.toString().startsWith("heddle: UNAVAILABLE: nothing answers at " + url));
    assertEquals(1, run("query", "d", "x", "--filter", "{\"all\":{}}", "--http", url));
  }

  @Test
  void namesTheFileThatIsMissing() {
    Path missing = folder.resolve("none.yaml");
    assertEquals(1, run("deploy", missing.toString()));
    assertTrue(err.toString().startsWith("heddle: INVALID_FUNCTION: " + missing), err::toString);
    assertEquals(1, run("app", "deploy", missing.toString()));
    assertTrue(err.toString().contains("heddle: NOT_FOUND: " + missing), err::toString);
  }

  @Test
  void saysWhatToDoWithADemoOfAnOlderFormat() throws IOException {
    Files.writeString(folder.resolve("format"), "demo 1\n");
    assertEquals(1, run("demo", "--data", folder.toString()));
    assertEquals(1, err.toString().lines().count(), err::toString);
    assertTrue(err.toString().contains(folder + ": format 1, from before"), err::toString);
    assertTrue(err.toString().contains("(expected: format 2)"), err::toString);
    assertTrue(err.toString().contains("--data DIR"), err::toString);
  }

  @Test
  void describesErrorsInOneLineWithTheirTrace() {
    HeddleException failure =
        new HeddleException(ErrorCode.UNKNOWN_DATASET, "dataset: x (expected: a known one)");
    assertEquals(
        "UNKNOWN_DATASET: dataset: x (expected: a known one) (trace abc)",
        Errors.describe(new RemoteFailure(failure, "abc")));
    assertEquals(
        "UNKNOWN_DATASET: dataset: x (expected: a known one)",
        Errors.describe(new RemoteFailure(failure, "")));
    assertEquals("STORAGE_FAILED: disk full", Errors.describe(new IOException("disk full")));
  }
}
