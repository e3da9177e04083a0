package dev.heddle.engine.wasm;

import run.endive.runtime.Memory;
import run.endive.runtime.TrapException;

/** A memory of one thread: there is nobody to wait for, and nobody to wake. */
interface UnsharedMemory extends Memory {
  private static TrapException unshared() {
    return new TrapException("memory is not shared");
  }

  @Override
  default boolean shared() {
    return false;
  }

  @Override
  @SuppressWarnings("removal")
  default Object lock(int address) {
    throw unshared();
  }

  @Override
  @SuppressWarnings("removal")
  default int waitOn(int address, int expected, long timeout) {
    throw unshared();
  }

  @Override
  @SuppressWarnings("removal")
  default int waitOn(int address, long expected, long timeout) {
    throw unshared();
  }

  @Override
  @SuppressWarnings("removal")
  default int notify(int address, int maxThreads) {
    throw unshared();
  }
}
