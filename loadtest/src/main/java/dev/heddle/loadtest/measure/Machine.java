package dev.heddle.loadtest.measure;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * Where an experiment ran. Names neither host nor user, so that reports can be passed on.
 *
 * @param cpu model name, empty where the system does not tell
 * @param os its name and the kernel's release
 * @param memoryBytes of the machine
 * @param descriptors that one process may have open; 0 where the system does not tell
 * @param flags of this JVM, system properties left out
 */
public record Machine(
    String os,
    String arch,
    String cpu,
    int processors,
    long memoryBytes,
    long descriptors,
    String jvm,
    List<String> flags) {
  private static final Path CPU_INFO = Path.of("/proc/cpuinfo");

  public Machine {
    flags = List.copyOf(flags);
  }

  /** This machine and this JVM. */
  public static Machine current() {
    return new Machine(
        System.getProperty("os.name") + " " + System.getProperty("os.version"),
        System.getProperty("os.arch"),
        cpuModel(),
        Runtime.getRuntime().availableProcessors(),
        ProcessCpu.machineMemory(),
        ProcessCpu.maxDescriptors(),
        System.getProperty("java.vm.name") + " " + System.getProperty("java.vm.version"),
        ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
            .filter(flag -> !flag.startsWith("-D"))
            .toList());
  }

  private static String cpuModel() {
    try (var lines = Files.lines(CPU_INFO)) {
      return lines
          .filter(line -> line.startsWith("model name"))
          .map(line -> line.substring(line.indexOf(':') + 1).strip())
          .findFirst()
          .orElse("");
    } catch (IOException e) {
      // Linux alone has this file; a report without the model is still one.
      return "";
    }
  }
}
