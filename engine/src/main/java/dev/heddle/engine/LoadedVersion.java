package dev.heddle.engine;

import dev.heddle.catalog.FunctionVersion;
import java.util.ArrayDeque;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The code of one version for one tenant on this node, with its idle sandboxes. Owned by {@link
 * LoadedVersions}; safe for any thread.
 */
final class LoadedVersion {
  private final FunctionRef ref;
  private final FunctionVersion version;
  private final LoadedCode code;
  private final SandboxLimits limits;
  private final long reserves;
  private final AtomicInteger stuck = new AtomicInteger();
  private final Brevity brevity = new Brevity();

  /** Idle, the one used last at the end. Guarded by the lock of the {@link SandboxPool}. */
  final ArrayDeque<SandboxPool.Room> idle = new ArrayDeque<>();

  /** Guarded by the lock of the {@link SandboxPool}. */
  boolean closed;

  LoadedVersion(FunctionRef ref, FunctionVersion version, LoadedCode code, SandboxLimits limits) {
    this.ref = ref;
    this.version = version;
    this.code = code;
    this.limits = limits;
    this.reserves = code.reserves(limits);
  }

  FunctionRef ref() {
    return ref;
  }

  FunctionVersion version() {
    return version;
  }

  LoadedCode code() {
    return code;
  }

  SandboxLimits limits() {
    return limits;
  }

  /** Bytes of sandbox memory for one sandbox. */
  long reserves() {
    return reserves;
  }

  /** Threads that run this version beyond their deadline. */
  AtomicInteger stuck() {
    return stuck;
  }

  /** How long its invocations take. */
  Brevity brevity() {
    return brevity;
  }
}
