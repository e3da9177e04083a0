package dev.heddle.cli.terminal;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.OutputStreamWriter;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/** Where a command writes: data on standard output, everything else on standard error, in UTF-8. */
public final class Console {
  private static final JsonMapper PRETTY =
      JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();

  private final PrintWriter out;
  private final PrintWriter err;
  private final boolean errTerminal;

  /**
   * @param errTerminal whether somebody looks at {@code err}, so that a line may be drawn again
   */
  public Console(PrintWriter out, PrintWriter err, boolean errTerminal) {
    this.out = out;
    this.err = err;
    this.errTerminal = errTerminal;
  }

  /** The console of this process. */
  public static Console ofProcess() {
    return new Console(
        writer(new FileOutputStream(FileDescriptor.out)),
        writer(new FileOutputStream(FileDescriptor.err)),
        terminal(2));
  }

  public PrintWriter out() {
    return out;
  }

  public PrintWriter err() {
    return err;
  }

  public boolean errTerminal() {
    return errTerminal;
  }

  /** A line of data. */
  public void line(String text) {
    out.println(text);
    out.flush();
  }

  /** JSON as data, indented. */
  public void json(JsonNode json) {
    line(PRETTY.writeValueAsString(json));
  }

  /** A line of talk: progress, warnings. */
  public void note(String text) {
    err.println(text);
    err.flush();
  }

  private static PrintWriter writer(OutputStream stream) {
    return new PrintWriter(new OutputStreamWriter(stream, StandardCharsets.UTF_8), true);
  }

  /**
   * Java cannot ask whether a single stream is a terminal; Linux tells it by the link's target.
   * Elsewhere a process with a console is taken to have it everywhere.
   */
  @SuppressWarnings("SystemConsoleNull") // With the JDK's own console provider it still does.
  private static boolean terminal(int descriptor) {
    if ("dumb".equals(System.getenv("TERM"))) {
      return false;
    }
    Path link = Path.of("/proc/self/fd/" + descriptor);
    try {
      String target = Files.readSymbolicLink(link).toString();
      return target.startsWith("/dev/pts/") || target.startsWith("/dev/tty");
    } catch (IOException | UnsupportedOperationException e) {
      java.io.Console console = System.console();
      return console != null && console.isTerminal();
    }
  }
}
