package dev.heddle.engine;

import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Runs trusted code of a jar in this JVM, each version of each tenant in a class loader of its own.
 * That keeps names apart and no more: such code can use any memory and CPU, start threads, and read
 * what the process can read. Its memory cap is what it is billed by.
 */
public final class JavaRuntime implements FunctionRuntime {
  private final ArchiveLimits limits;
  private final boolean enabled;
  private final Set<String> tenants;

  /**
   * @param enabled false: refuses all code with FORBIDDEN
   * @param tenants whose code is trusted; empty: that of all
   */
  public JavaRuntime(ArchiveLimits limits, boolean enabled, List<String> tenants) {
    this.limits = limits;
    this.enabled = enabled;
    this.tenants = Set.copyOf(tenants);
  }

  @Override
  public String name() {
    return "java";
  }

  @Override
  public boolean serves(String tenant) {
    return tenants.isEmpty() || tenants.contains(tenant);
  }

  /** Also runs the static initializer and the constructor of the entry class. */
  @Override
  public CheckedCode check(Code code, Manifest manifest) {
    checkEnabled(manifest.name());
    var kind = DeployCheck.check(jar(code, manifest.code()), manifest.entry(), manifest.kind());
    return new CheckedCode(kind, Optional.empty());
  }

  /** The jar or classes of the code; the one at a path within the folder, where that is given. */
  private JarCode jar(Code code, String path) {
    if (path.isEmpty()) {
      return JarCode.of(code, limits);
    }
    var jar = code.files().get(path);
    if (jar == null) {
      throw Refusals.refuse(
          ErrorCode.INVALID_FUNCTION, "code", path, "the path of a jar in the function's folder");
    }
    return JarCode.parse(jar, limits);
  }

  @Override
  public LoadedCode load(ShippedCode code, String label) {
    checkEnabled(label);
    var version = code.version();
    var path = code.code().single() ? "" : Manifest.parse(version.manifestYaml()).code();
    var entry = EntryPoint.find(jar(code.code(), path), version.entry(), label);
    return new JavaCode(entry, version.codeBytes(), label);
  }

  private void checkEnabled(String what) throws HeddleException {
    if (!enabled) {
      throw Refusals.refuse(
          ErrorCode.FORBIDDEN,
          "function",
          what + " needs the java runtime, which is off",
          "a node with java-enabled: true");
    }
  }
}
