package dev.heddle.cli;

import dev.heddle.cli.client.ClusterGrpcClient;
import dev.heddle.cli.client.DocumentPage;
import dev.heddle.cli.client.DocumentWrite;
import dev.heddle.cli.client.DocumentsGrpcClient;
import dev.heddle.cli.client.StoredDocument;
import dev.heddle.cli.terminal.Console;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

@Command(
    name = "document",
    aliases = "doc",
    description = "Puts, gets, patches, deletes and scans documents.",
    synopsisSubcommandLabel = "COMMAND",
    footer = {
      "",
      "A document's version grows with each write; --if-version N writes only where",
      "it is still N, --if-version 0 only where there is no document yet.",
      "",
      "Examples:",
      "  heddle document put books 7 '{\"title\":\"Moby-Dick\"}' --if-version 0",
      "  heddle document patch books 7 '{\"year\":1851,\"draft\":null}'",
      "  heddle document get books 7 --json",
      "  heddle document scan books --limit 0 > books.jsonl",
      "  heddle document delete books 7"
    })
final class DocumentCommand implements Callable<Integer> {
  private static final int MOST_JSON = 10_000;

  private final Console console;

  @Spec private CommandSpec spec = CommandSpec.create();

  DocumentCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() {
    spec.commandLine().usage(console.err());
    return ExitCode.USAGE;
  }

  @Command(name = "put", description = "Writes a document, in place of the one with its id.")
  int put(
      @Mixin ClusterOptions cluster,
      @Mixin PositionOption position,
      @Parameters(paramLabel = "DATASET") String dataset,
      @Parameters(paramLabel = "ID") String id,
      @Parameters(
              paramLabel = "JSON",
              arity = "0..1",
              converter = JsonArgument.class,
              description = "The document, an object without its id.")
          @Nullable JsonNode inline,
      @Option(
              names = "--file",
              paramLabel = "FILE",
              description = "The document is in a file; -: it comes on standard input.")
          @Nullable Path file,
      @Option(
              names = "--if-version",
              paramLabel = "N",
              description = "Only if the document has this version; 0: only if there is none.")
          @Nullable Long ifVersion,
      @Option(names = "--json", description = "Print version and position as JSON.") boolean json)
      throws IOException {
    JsonNode document = content("put", inline, file);
    try (ClusterGrpcClient connection = cluster.connect()) {
      var documents = new DocumentsGrpcClient(connection, dataset, position.token());
      DocumentWrite write = documents.put(id, document, Optional.ofNullable(ifVersion));
      tell(json, "put", dataset, id, write);
    }
    return 0;
  }

  @Command(
      name = "patch",
      description = "Changes members of a document: null removes one (RFC 7396).")
  int patch(
      @Mixin ClusterOptions cluster,
      @Mixin PositionOption position,
      @Parameters(paramLabel = "DATASET") String dataset,
      @Parameters(paramLabel = "ID") String id,
      @Parameters(
              paramLabel = "JSON",
              arity = "0..1",
              converter = JsonArgument.class,
              description = "The members that change, an object.")
          @Nullable JsonNode inline,
      @Option(
              names = "--file",
              paramLabel = "FILE",
              description = "They are in a file; -: they come on standard input.")
          @Nullable Path file,
      @Option(
              names = "--if-version",
              paramLabel = "N",
              description = "Only if the document has this version.")
          @Nullable Long ifVersion,
      @Option(names = "--json", description = "Print version and position as JSON.") boolean json)
      throws IOException {
    JsonNode changes = content("patch", inline, file);
    try (ClusterGrpcClient connection = cluster.connect()) {
      var documents = new DocumentsGrpcClient(connection, dataset, position.token());
      DocumentWrite write = documents.patch(id, changes, Optional.ofNullable(ifVersion));
      tell(json, "patched", dataset, id, write);
    }
    return 0;
  }

  @Command(name = "get", description = "Prints a document.")
  int get(
      @Mixin ClusterOptions cluster,
      @Mixin ReadOptions reading,
      @Parameters(paramLabel = "DATASET") String dataset,
      @Parameters(paramLabel = "ID") String id,
      @Option(names = "--json", description = "Print version and position, too.") boolean json) {
    try (ClusterGrpcClient connection = cluster.connect()) {
      var documents = new DocumentsGrpcClient(connection, dataset, reading.position());
      DocumentPage page = documents.get(id, reading.level());
      StoredDocument found = page.documents().getFirst();
      if (json) {
        ObjectNode one = versioned(found);
        console.json(
            one.put("stalenessMicros", page.stalenessMicros())
                .put("positionToken", page.positionToken()));
      } else {
        console.json(found.document());
      }
    }
    return 0;
  }

  @Command(name = "delete", description = "Deletes a document.")
  int delete(
      @Mixin ClusterOptions cluster,
      @Mixin PositionOption position,
      @Parameters(paramLabel = "DATASET") String dataset,
      @Parameters(paramLabel = "ID") String id,
      @Option(
              names = "--if-version",
              paramLabel = "N",
              description = "Only if the document has this version.")
          @Nullable Long ifVersion,
      @Option(names = "--json", description = "Print the position as JSON.") boolean json) {
    try (ClusterGrpcClient connection = cluster.connect()) {
      var documents = new DocumentsGrpcClient(connection, dataset, position.token());
      DocumentWrite write = documents.delete(id, Optional.ofNullable(ifVersion));
      tell(json, write.found() ? "deleted" : "not there:", dataset, id, write);
    }
    return 0;
  }

  @Command(
      name = "scan",
      description = "Prints documents in the order of their ids, one a line, as load reads them.")
  int scan(
      @Mixin ClusterOptions cluster,
      @Mixin ReadOptions reading,
      @Parameters(paramLabel = "DATASET") String dataset,
      @Option(
              names = "--after",
              paramLabel = "ID",
              defaultValue = "",
              description = "Those behind this id. Default: from the first.")
          String after,
      @Option(
              names = "--limit",
              paramLabel = "N",
              defaultValue = "100",
              description = "At most so many; 0: all. Default: ${DEFAULT-VALUE}.")
          int limit,
      @Option(names = "--json", description = "Print one JSON object, with versions and position.")
          boolean json) {
    if (limit < 0 || (json && (limit == 0 || limit > MOST_JSON))) {
      throw new ParameterException(
          part("scan"),
          "--limit: "
              + limit
              + (json ? " (expected: 1.." + MOST_JSON + " with --json)" : " (expected: >= 0)"));
    }
    try (ClusterGrpcClient connection = cluster.connect()) {
      DocumentScan scan = new DocumentScan(dataset, reading, after, limit);
      if (json) {
        ObjectNode all = JsonMapper.shared().createObjectNode();
        ArrayNode documents = all.putArray("documents");
        DocumentPage page = scan.run(connection, found -> documents.add(versioned(found)));
        console.json(
            all.put("more", page.more())
                .put("stalenessMicros", page.stalenessMicros())
                .put("positionToken", page.positionToken()));
      } else {
        DocumentPage page = scan.run(connection, found -> console.line(line(found).toString()));
        if (page.more()) {
          String last = page.documents().getLast().id();
          console.note("heddle: there are more; see --limit and --after '" + last + "'");
        }
      }
    }
    return 0;
  }

  private static ObjectNode versioned(StoredDocument document) {
    ObjectNode json =
        JsonMapper.shared()
            .createObjectNode()
            .put("id", document.id())
            .put("version", document.version());
    json.set("document", document.document());
    return json;
  }

  /** The document with its id, as a line of a file for load. */
  private static ObjectNode line(StoredDocument document) {
    ObjectNode line = JsonMapper.shared().createObjectNode().put("id", document.id());
    if (document.document() instanceof ObjectNode members) {
      line.setAll(members);
    }
    return line;
  }

  private void tell(boolean json, String done, String dataset, String id, DocumentWrite write) {
    if (!json) {
      String version = write.version() > 0 ? ", version " + write.version() : "";
      console.line(done + " " + dataset + "/" + id + version);
      return;
    }
    ObjectNode node =
        JsonMapper.shared()
            .createObjectNode()
            .put("dataset", dataset)
            .put("id", id)
            .put("version", write.version())
            .put("found", write.found());
    node.putObject("position")
        .put("shard", write.shard())
        .put("incarnation", write.incarnation())
        .put("index", write.index());
    console.json(node.put("positionToken", write.positionToken()));
  }

  private JsonNode content(String command, @Nullable JsonNode inline, @Nullable Path file)
      throws IOException {
    if ((inline == null) == (file == null)) {
      throw new ParameterException(
          part(command), "the document is missing or there twice (expected: JSON or --file)");
    }
    JsonNode content = inline;
    if (file != null) {
      String text =
          file.toString().equals("-")
              ? new String(System.in.readAllBytes(), StandardCharsets.UTF_8)
              : Files.readString(file);
      try {
        content = JsonMapper.shared().readTree(text);
      } catch (JacksonException e) {
        throw new ParameterException(
            part(command), file + ": " + e.getOriginalMessage() + " (expected: JSON)", e);
      }
    }
    if (content instanceof ObjectNode object) {
      return object;
    }
    throw new ParameterException(part(command), content + " (expected: a JSON object)");
  }

  private CommandLine part(String command) {
    return Objects.requireNonNull(spec.commandLine().getSubcommands().get(command), command);
  }
}
