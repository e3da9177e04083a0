package dev.heddle.cli;

import dev.heddle.cli.client.RemoteFailure;
import dev.heddle.cli.terminal.Console;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.sample.search.CorpusException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.NoSuchFileException;
import java.util.Objects;
import picocli.CommandLine;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.IExecutionExceptionHandler;
import picocli.CommandLine.IParameterExceptionHandler;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.UnmatchedArgumentException;

/** Tells of errors: one line on standard error, and an exit code. */
record Errors(Console console, boolean debug)
    implements IExecutionExceptionHandler, IParameterExceptionHandler {
  @Override
  public int handleExecutionException(
      Exception e, CommandLine commandLine, ParseResult parseResult) {
    console.note("heddle: " + describe(e));
    if (debug) {
      e.printStackTrace(console.err());
      console.err().flush();
    }
    if (e instanceof InterruptedException) {
      Thread.currentThread().interrupt();
    }
    return ExitCode.SOFTWARE;
  }

  @Override
  public int handleParseException(ParameterException e, String[] arguments) {
    console.note("heddle: " + e.getMessage());
    UnmatchedArgumentException.printSuggestions(e, console.err());
    console.note("Try '" + e.getCommandLine().getCommandSpec().qualifiedName() + " --help'.");
    return ExitCode.USAGE;
  }

  static String describe(Exception e) {
    return switch (e) {
      case RemoteFailure failure ->
          failure.code()
              + ": "
              + failure.getMessage()
              + (failure.traceId().isEmpty() ? "" : " (trace " + failure.traceId() + ")");
      case HeddleException failure -> failure.code() + ": " + failure.getMessage();
      case CorpusException failure -> ErrorCode.INVALID_REQUEST + ": " + failure.getMessage();
      case UncheckedIOException failure ->
          describeIo(Objects.requireNonNullElseGet(failure.getCause(), IOException::new));
      case IOException failure -> describeIo(failure);
      case InterruptedException failure -> ErrorCode.CANCELLED + ": interrupted";
      default -> ErrorCode.INTERNAL + ": " + e;
    };
  }

  private static String describeIo(IOException e) {
    return switch (e) {
      case NoSuchFileException missing ->
          ErrorCode.NOT_FOUND + ": " + missing.getMessage() + " (expected: a file)";
      case AccessDeniedException denied ->
          ErrorCode.FORBIDDEN + ": " + denied.getMessage() + " (expected: permission to use it)";
      default -> ErrorCode.STORAGE_FAILED + ": " + e.getMessage();
    };
  }
}
