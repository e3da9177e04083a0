package dev.heddle.loadtest.measure;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Instant;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * What experiments found, with all that is needed to judge and repeat them.
 *
 * @param versions of this project, of what it rests on, and of Java
 * @param commit of the checkout, where it is one
 * @param command what was typed; empty: the experiments were not called from a command line
 * @param flags the options by name
 */
public record BenchReport(
    Instant startedAt,
    Machine machine,
    Map<String, String> versions,
    Optional<String> commit,
    List<String> command,
    Map<String, Object> flags,
    long seed,
    List<ExperimentRun> experiments) {
  static final JsonMapper JSON =
      JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();

  public BenchReport {
    versions = Collections.unmodifiableMap(new LinkedHashMap<>(versions));
    command = List.copyOf(command);
    flags = Collections.unmodifiableMap(new LinkedHashMap<>(flags));
    experiments = List.copyOf(experiments);
  }

  /** The report about experiments that ran on this machine. */
  public static BenchReport of(
      BenchOptions options, Instant startedAt, List<ExperimentRun> experiments) {
    return new BenchReport(
        startedAt,
        Machine.current(),
        Versions.current(),
        options.output().checkout().flatMap(SourceCommit::of),
        options.output().command(),
        options.shown(),
        options.seed(),
        experiments);
  }

  public boolean failed() {
    return experiments.stream().anyMatch(run -> run.result().failed());
  }

  /** The report as JSON; docs/benchmarks.md tells of its fields. */
  public ObjectNode toJson() {
    return ReportWriter.write(this);
  }

  /** Puts the JSON into the file, whole or not at all. */
  public void writeTo(Path file) throws IOException {
    putWhole(file, JSON.writeValueAsString(toJson()) + "\n");
  }

  /** Puts the text into the file, whole or not at all. */
  public static void putWhole(Path file, String text) throws IOException {
    var target = file.toAbsolutePath();
    var part = target.resolveSibling(target.getFileName() + ".part");
    Files.writeString(part, text);
    Files.move(part, target, StandardCopyOption.REPLACE_EXISTING);
  }

  /**
   * The report that was written to the file.
   *
   * @throws dev.heddle.process.HeddleException INVALID_REQUEST if there is none, or it is none
   */
  public static BenchReport read(Path file) {
    return ReportReader.read(file);
  }
}
