package dev.heddle.engine.wasm;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/** SHA-256. */
final class ModuleDigest {
  private ModuleDigest() {}

  static byte[] of(byte[] module) {
    try {
      return MessageDigest.getInstance("SHA-256").digest(module);
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every JDK has SHA-256", e);
    }
  }
}
