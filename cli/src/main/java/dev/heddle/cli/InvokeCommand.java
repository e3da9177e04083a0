package dev.heddle.cli;

import dev.heddle.cli.client.ClusterGrpcClient;
import dev.heddle.cli.client.FailedInvocation;
import dev.heddle.cli.client.InvocationsGrpcClient;
import dev.heddle.cli.client.Invoked;
import dev.heddle.cli.client.RemoteFailure;
import dev.heddle.cli.terminal.Console;
import dev.heddle.cli.terminal.Figures;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

@Command(
    name = "invoke",
    description = "Invokes a handler with an event and prints its reply.",
    footer = {
      "",
      "Examples:",
      "  heddle invoke greeter --data '{\"name\":\"Ada\"}'",
      "  heddle invoke greeter:canary --data - --bill < event.json"
    })
final class InvokeCommand implements Callable<Integer> {
  private static final int MAX_EVENT = 16 << 20;

  private final Console console;

  @Spec private CommandSpec spec = CommandSpec.create();
  @Mixin private ClusterOptions cluster = new ClusterOptions();

  @Parameters(index = "0", paramLabel = "FUNCTION", description = "NAME or NAME:ALIAS.")
  private String function = "";

  @Option(
      names = {"--data", "--event"},
      paramLabel = "JSON|-",
      description = "The event; - reads it from standard input. Default: {}.")
  private String event = "{}";

  @Option(
      names = "--bill",
      description = "Print the bill as JSON, after the reply if there is one.")
  private boolean bill;

  @Option(
      names = "--json",
      description = "Print reply, version and bill as JSON; of a call that failed, what it took.")
  private boolean json;

  InvokeCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() throws IOException {
    JsonNode read = event();
    try (ClusterGrpcClient connection = cluster.connect()) {
      Invoked invoked = invoke(connection, read);
      if (json) {
        console.json(JsonMapper.shared().valueToTree(invoked));
      } else {
        console.json(invoked.result());
        if (bill) {
          console.json(invoked.bill());
        }
        console.note(
            Figures.digest(invoked.version())
                + " on "
                + invoked.node()
                + ", "
                + Figures.micros(invoked.tookMicros())
                + ", active "
                + Figures.nanos(invoked.bill().path("activeNanos").asLong(0))
                + ", invocation "
                + invoked.invocation()
                + ", trace "
                + invoked.traceId());
      }
    }
    return 0;
  }

  private Invoked invoke(ClusterGrpcClient connection, JsonNode event) {
    try {
      return new InvocationsGrpcClient(connection).invoke(function, event);
    } catch (RemoteFailure e) {
      InvocationsGrpcClient.spent(e).ifPresent(this::tell);
      throw e;
    }
  }

  /** Of a call that failed; why it did is told by whoever catches that. */
  private void tell(FailedInvocation failed) {
    if (bill || json) {
      console.json(bill && !json ? failed.bill() : JsonMapper.shared().valueToTree(failed));
    }
    console.note(
        Figures.digest(failed.version())
            + ", active "
            + Figures.nanos(failed.bill().path("activeNanos").asLong(0))
            + ", invocation "
            + failed.invocation());
  }

  private JsonNode event() throws IOException {
    String text = event;
    if (event.equals("-")) {
      byte[] bytes = System.in.readNBytes(MAX_EVENT + 1);
      if (bytes.length > MAX_EVENT) {
        throw new ParameterException(
            spec.commandLine(), "--data: too long (expected: at most 16 MiB)");
      }
      text = new String(bytes, StandardCharsets.UTF_8);
    }
    try {
      return new JsonArgument().convert(text);
    } catch (TypeConversionException e) {
      throw new ParameterException(spec.commandLine(), "--data: " + e.getMessage(), e);
    }
  }
}
